"""Waiting for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(true: Callable[[], object], seconds: float = 30) -> None:
    """Wait until it is so; fail when it does not come about."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"it did not happen within {seconds} s"
        time.sleep(0.05)
