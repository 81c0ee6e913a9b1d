"""Whether memory grows with the length of a video: peak of the command's process tree for a short and a long one.

    python -m bench.memory [--minutes 1 10] [--size 640x360] [--fps 1]

The services are not counted; each run is cold, in a home of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from bench.sample import render_sample
from bench.services import running

COMMAND = Path(sys.executable).parent / "stagewright"


class Peak(threading.Thread):
    """Watches a process and its children: the most resident memory seen at once, in bytes."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.process, self.bytes = psutil.Process(pid), 0

    def run(self) -> None:
        while self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE:
            self.bytes = max(self.bytes, self._now())
            time.sleep(0.1)

    def _now(self) -> int:
        total = 0
        try:
            for process in (self.process, *self.process.children(recursive=True)):
                total += process.memory_info().rss
        except psutil.Error:  # one has just ended
            return total
        return total


def measure(film: Path, fps: str) -> tuple[int, float]:
    """Peak bytes and seconds of one cold run."""
    ask = ["--input", f"video={film}", "--set", f"extract_frames.fps={fps}", "--refresh", "all", "--json"]
    started = time.perf_counter()
    with subprocess.Popen(
        [COMMAND, "run", "brand-exposure", *ask], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ
    ) as done:
        peak = Peak(done.pid)
        peak.start()
        _, told = done.communicate()
    if done.returncode:
        raise SystemExit(told.decode())
    peak.join()
    return peak.bytes, time.perf_counter() - started


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 10])
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--fps", default="1")
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    peaks = []
    with running(), tempfile.TemporaryDirectory(prefix="stagewright-bench-") as folder:
        for minutes in given.minutes:
            film = Path(folder) / f"{minutes:g}.mp4"
            render_sample(film, seconds=60 * minutes, size=(width, height))
            peak, seconds = measure(film, given.fps)
            peaks.append(peak)
            print(f"{minutes:>5g} min  {peak / 1e6:>6.0f} MB  {seconds:>6.0f} s  x{peak / peaks[0]:.2f}", flush=True)


if __name__ == "__main__":
    main()
