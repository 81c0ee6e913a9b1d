"""What a long batch does about memory: few heaps of the C library, and cycles looked for now and then."""

from __future__ import annotations

import gc
import os
import platform
import subprocess
import sys
import weakref

import pytest

from flows.batch import memory

# glibc tells of its heaps to a file of C only.
HEAPS = """
import ctypes, sys, tempfile, threading
from flows.batch.memory import few_heaps

few_heaps()
started = threading.Barrier(20)

def use():
    kept = bytes(100_000)
    started.wait()

threads = [threading.Thread(target=use) for number in range(20)]
for thread in threads: thread.start()
for thread in threads: thread.join()
library = ctypes.CDLL("libc.so.6")
library.fopen.restype = ctypes.c_void_p
with tempfile.NamedTemporaryFile() as told:
    file = ctypes.c_void_p(library.fopen(told.name.encode(), b"w"))
    library.malloc_info(0, file)
    library.fclose(file)
    print(told.read().count(b"<heap nr"))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has so many heaps")
def test_there_are_no_more_heaps_than_cores() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    said = subprocess.run([sys.executable, "-c", HEAPS], env=environment, capture_output=True, check=True, timeout=60)
    assert int(said.stdout) <= (os.cpu_count() or 1) + 1  # one may be there before


def test_what_a_job_leaves_in_a_cycle_is_looked_for_when_it_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    class Left:
        pass

    left = Left()
    left.itself = left  # type: ignore[attr-defined]
    gone = weakref.ref(left)
    giving = memory.GivingBack()
    gc.disable()
    try:
        del left
        giving.after_job()
        assert gone() is not None
        monkeypatch.setattr(memory, "EVERY_S", 0)
        giving.after_job()
        assert gone() is None
    finally:
        gc.enable()
