"""How a place is called: on the command line, in STAGEWRIGHT_RUNNER, in a deployment."""

from __future__ import annotations

import re

from stages.core.errors import UsageError
from stages.core.suggest import did_you_mean

THREADS, RAY, AUTO = "threads", "ray", "auto"
NAMES = (THREADS, RAY, AUTO)

_ADDRESS = re.compile(r"(ray://)?(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}")


def check_runner(name: str) -> None:
    """Raise UsageError for what names no runner."""
    if name not in NAMES and not _ADDRESS.fullmatch(name):
        raise UsageError(
            f"There is no runner {name!r}{did_you_mean(name, NAMES)} `ray` is a Ray on this machine, `auto` the "
            "cluster that this machine has joined; any other cluster is named by its head, HOST:PORT.",
            runner=name,
        )
