"""Whether memory grows with the length of a video: peak of the command's process tree for a short and a long one.

    python -m bench.memory [--minutes 1 10] [--size 640x360] [--fps 1]

The services are not counted; each run is cold, in a home of its own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench.cost import run_measured
from bench.sample import render_sample
from bench.services import running

COMMAND = Path(sys.executable).parent / "stagewright"


def measure(film: Path, fps: str) -> tuple[int, float]:
    """Peak bytes and seconds of one cold run."""
    ask = ["--input", f"video={film}", "--set", f"extract_frames.fps={fps}", "--refresh", "all", "--json"]
    cost = run_measured([str(COMMAND), "run", "brand-exposure", *ask])
    return cost.peak_bytes, cost.wall_s


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
