"""What a command costs: time, CPU time and memory of its whole tree of processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Cost:
    """What a command said on stdout, and what it took. `cpu_s`: user and system time of it and of every process it
    started and waited for; services that run already are not among them. `peak_bytes`: most resident at once."""

    said: str
    wall_s: float
    cpu_s: float
    peak_bytes: int


def run_measured(command: Sequence[str]) -> Cost:
    """Run a command to its end. Ends this program where it fails, with what it said."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err)
        peak = Peak(process.pid)
        peak.start()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = code = os.waitstatus_to_exitcode(status)
        peak.join()
        said, told = (_text(file) for file in (out, err))
    if code:
        sys.exit(f"{' '.join(command)}\nended with {code}:\n{said}{told}")
    return Cost(said, wall, used.ru_utime + used.ru_stime, peak.bytes)


class Peak(threading.Thread):
    """Watches a process and its children: the most resident memory seen at once, in bytes."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.process, self.bytes = psutil.Process(pid), 0

    def run(self) -> None:
        while self.process.is_running() and self._now():
            time.sleep(0.1)

    def _now(self) -> int:
        """Bytes at this moment; 0 once the process has ended."""
        try:
            if self.process.status() == psutil.STATUS_ZOMBIE:
                return 0
            total = sum(_resident(p) for p in (self.process, *self.process.children(recursive=True)))
        except psutil.Error:
            return 0
        self.bytes = max(self.bytes, total)
        return total


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:  # it has just ended
        return 0


def _text(file: object) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
