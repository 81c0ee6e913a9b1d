"""The first thing that the installed command does, before anything else is imported."""

from __future__ import annotations

import gc

# Most of a short command is importing, and a tenth of that went into looking through modules that stay anyway.
gc.set_threshold(100_000, 50, 50)


def main() -> None:
    """Run the command line."""
    from deployments.command import main as run

    run()
