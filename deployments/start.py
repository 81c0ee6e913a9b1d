"""The first thing that the installed command does, before anything else is imported."""

from __future__ import annotations

import atexit
import gc
import os
import sys

# Most of a short command is importing, and a tenth of that went into looking through modules that stay anyway.
gc.set_threshold(100_000, 50, 50)

# At its end Python looks through them all once more, for 40 ms, before the process gives back its memory anyway.
# Registered first, this comes last: whatever else is to be done at exit has been done.
atexit.register(gc.freeze)


def main() -> None:
    """Run the command line."""
    _open_what_is_closed()
    from deployments.command import main as run

    run()


def _open_what_is_closed() -> None:
    """Where a standard file is closed, Python has none, and the next file that is opened would get its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = open(os.devnull, mode)  # noqa: SIM115 - for as long as the process lives
            os.set_inheritable(nowhere.fileno(), True)
            setattr(sys, name, nowhere)
