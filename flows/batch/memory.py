"""Memory that a job has let go of, given back to the system: the C library keeps it, in a heap for each of the threads
that jobs begin anew, and a long batch would grow by some megabytes with each job."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from functools import cache
from typing import Any


def give_back() -> None:
    """Where the C library is asked for it, as glibc must be; elsewhere nothing."""
    if (library := _library()) is not None:
        library.malloc_trim(0)


@cache
def _library() -> Any:
    if sys.platform != "linux":
        return None
    with suppress(OSError):
        library = ctypes.CDLL("libc.so.6")
        return library if hasattr(library, "malloc_trim") else None
    return None
