"""The part `sample` of bench.ray: brand-exposure on a film, whole processes, with one worker and with two.

On threads, on Ray, and by plain Ray (bench/ray_plain.py). CPU seconds are those of the command with all that it starts
and of the Ray that runs already; not those of the store and the Prefect server. The number of exposures is the same
whatever the way.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.cost import run_measured
from bench.ray_services import (
    RayTime,
    ends_in_order,
    environment_of_peers,
    median,
    print_table,
    ratio,
    rounds_of,
)
from bench.sample import render_sample


@dataclass
class Way:
    """A command, and what it took each time: CPU seconds, and the exposures that it found."""

    command: list[str]
    environment: dict[str, str]
    exposures: Callable[[str], int]
    cpu: list[float] = field(default_factory=list)
    found: set[int] = field(default_factory=set)

    def __call__(self) -> float:
        """Run; wall seconds."""
        before = dict(os.environ)
        os.environ |= self.environment
        there = RayTime()
        there.start()
        try:
            cost = run_measured(self.command)
        finally:
            os.environ.clear()
            os.environ |= before
            cpu = there.seconds()
        self.cpu.append(cost.cpu_s + cpu)
        self.found.add(self.exposures(cost.said))
        return cost.wall_s


def _ours(runner: str, video: Path, brands: list[str], workers: int) -> Way:
    command = [str(Path(sys.executable).with_name("stagewright")), "run", "brand-exposure", "--runner", runner]
    command += ["--input", f"video={video}", "--set", f"match_brands.brands={json.dumps(brands)}"]
    command += ["--refresh", "all", "--json"]
    return Way(command, {"STAGEWRIGHT_WORKERS": str(workers)}, _of_report)


def _plain(video: Path, brands: Path, workers: int) -> Way:
    command = [sys.executable, "-m", "bench.ray_plain", str(video), str(brands), "--workers", str(workers)]
    return Way(command, environment_of_peers(), int)


def _of_report(said: str) -> int:
    return len(json.loads(Path(json.loads(said)["report"]).read_text())["exposures"])


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--video", type=Path, help="its truth lies beside it, as .json; default: the demo film")
    given = parser.parse_args()
    ends_in_order()
    with tempfile.TemporaryDirectory(prefix="stagewright-bench-") as folder:
        video = given.video or Path(folder) / "film.mp4"
        truth = json.loads(video.with_suffix(".json").read_text()) if given.video else render_sample(video)
        brands = Path(folder) / "brands.json"
        brands.write_text(json.dumps(truth["brands"]))
        _measure(video.resolve(), brands, given.rounds)


def _measure(video: Path, brands: Path, rounds: int) -> None:
    names = json.loads(brands.read_text())
    ways = {}
    for workers, suffix in ((1, "1 worker"), (2, "2 workers")):
        ways[f"Stagewright on threads, {suffix}"] = _ours("threads", video, names, workers)
        ways[f"Stagewright on Ray, {suffix}"] = _ours("ray", video, names, workers)
        ways[f"plain Ray, {suffix}"] = _plain(video, brands, workers)
    found = rounds_of(ways, rounds)
    rows = {}
    for name, way in ways.items():
        suffix = name.rpartition(", ")[2]
        rows[name] = [
            f"{median(found[name]):.1f}",
            f"{median(way.cpu[1:]):.1f}",
            f"{ratio(found[name], found[f'Stagewright on threads, {suffix}']):.2f}",
            f"{ratio(found[name], found[f'plain Ray, {suffix}']):.2f}",
            ",".join(map(str, sorted(way.found))),
        ]
    print_table(
        f"{video.name}, median of {rounds}", ["wall s", "cpu s", "wall/threads", "wall/plain", "exposures"], rows
    )


if __name__ == "__main__":
    main()
