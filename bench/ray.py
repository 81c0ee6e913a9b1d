"""What Ray costs and gives: the same work on Ray, on threads, and on Ray without us. One table a part.

    timeout 3600 python -m bench.ray [--only overhead|items|sample|scaling] [--rounds 5] [--video FILE]

Services and Ray are started in a temporary home and stopped at the end. Figures are medians; ratios are taken within
a round, in which all ways follow each other, so that a machine that slows down slows all.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from bench.ray_services import ends_in_order, ray_running
from bench.services import running

PARTS = ("overhead", "items", "sample", "scaling")


def _measure(part: str, arguments: list[str]) -> None:
    """In a process of its own, which ends what it started when it is told to end."""
    process = subprocess.Popen([sys.executable, "-m", f"bench.ray_{part}", *arguments])
    try:
        if process.wait():
            raise SystemExit(f"{part} ended with {process.returncode}")
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--video", help="of the part sample; default: the demo film")
    given = parser.parse_args()
    ends_in_order()
    with running(), ray_running():
        for part in (given.only,) if given.only else PARTS:
            more = ["--video", given.video] if given.video and part == "sample" else []
            _measure(part, ["--rounds", str(given.rounds), *more])


if __name__ == "__main__":
    main()
