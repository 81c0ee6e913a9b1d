"""Memory that jobs have let go of, given back while a batch goes on. Two things keep it otherwise.

glibc makes up to eight heaps a core, and each keeps what its fullest moment took. A job's stages run in new threads,
which use whatever heap is free, so that in time all have held the largest pictures: some 0.5 GB after 60 videos of a
second, nearly none of it in use. And a job leaves some 15,000 objects in cycles, its client of S3 mostly, which
Python hardly ever looks for in a process that has many more.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import time
from contextlib import suppress
from functools import cache
from typing import Any

EVERY_S = 20.0
"""Seconds between two times, at least: to look through all objects takes up to half a one."""

_HEAPS = -8  # what glibc's mallopt calls M_ARENA_MAX


def few_heaps() -> None:
    """From now on one heap a core, as many as can be busy at once, unless MALLOC_ARENA_MAX says another number.

    It holds for the whole process, and for good. Where there are more than eight by now, it comes too late.
    """
    library = _library()
    if library is not None and "MALLOC_ARENA_MAX" not in os.environ:
        library.mallopt(_HEAPS, os.cpu_count() or 1)


class GivingBack:
    """Gives back what jobs have left, to Python and to the system: when a job has ended, and not too often."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def after_job(self) -> None:
        """Where the C library is not glibc, to Python alone."""
        if time.monotonic() - self._last < EVERY_S:
            return
        gc.collect()
        if (library := _library()) is not None:
            library.malloc_trim(0)
        self._last = time.monotonic()


@cache
def _library() -> Any:
    """The C library where it is glibc, else None."""
    if sys.platform != "linux":
        return None
    with suppress(OSError):
        library = ctypes.CDLL("libc.so.6")
        return library if hasattr(library, "malloc_trim") else None
    return None
