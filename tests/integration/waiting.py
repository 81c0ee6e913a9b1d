"""Waiting for what another process does, and starting one that can be stopped."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import psutil


def until(true: Callable[[], object], seconds: float = 90) -> None:
    """Wait until it is so; fail when it does not come about."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"it did not happen within {seconds} s"
        time.sleep(0.05)


def hears_ctrl_c() -> None:
    """For `preexec_fn`: a suite that runs in the background ignores SIGINT, and so would every process it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def gone(pid: int) -> bool:
    """Whether the process has ended; one that nobody fetched yet has."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
