"""How right, and how dear: runs brand-exposure on films with known truth, as a user would, and scores the reports.

    python -m bench.accuracy [--video FILE --truth FILE]… [--set STAGE.FIELD=VALUE]… [--seed N]

Without a film it renders its own (`bench.sample`). A stage that was kept from an earlier run costs nothing; the CPU
seconds are those of this run, so a `--refresh all` is added.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.sample import render_sample
from bench.score import score

PROFILE = "brand-exposure"


def run_and_score(video: Path, truth: dict[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """The score of one film, with `wall_s` and `cpu_s` for each second of film, command and services included."""
    brands = json.dumps(truth["brands"], ensure_ascii=False)
    command = [str(Path(sys.executable).with_name("stagewright")), "run", PROFILE, "--json", "--refresh", "all"]
    command += ["--input", f"video={video}", "--set", f"match_brands.brands={brands}"]
    for setting in settings:
        command += ["--set", setting]
    before, started = _cpu_of_children(), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    wall, cpu = time.perf_counter() - started, _cpu_of_children() - before
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
    answer = json.loads(done.stdout)
    report = json.loads(Path(answer["report"]).read_text())
    length = report["video"]["decoded_s"]
    result = asdict(score(truth, report)) | {"wall_s": round(wall / length, 3), "cpu_s": round(cpu / length, 3)}
    return result | {f"{s['id']}_s": s["seconds"] for s in answer["stages"]}


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _films(given: argparse.Namespace, folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    if given.video:
        if len(given.video) != len(given.truth):
            raise SystemExit(f"{len(given.video)} --video but {len(given.truth)} --truth: give one for each film.")
        return [(v, json.loads(t.read_text())) for v, t in zip(given.video, given.truth, strict=True)]
    film = folder / f"sample-{given.seed}.mp4"
    return [(film, render_sample(film, seconds=24, size=(1280, 720), seed=given.seed))]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: one column a film."""
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy", description="Score brand-exposure on films.")
    parser.add_argument("--video", type=Path, action="append", default=[])
    parser.add_argument("--truth", type=Path, action="append", default=[])
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="STAGE.FIELD=VALUE")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="accuracy-") as folder:
        films = _films(given, Path(folder))
        results = [run_and_score(video, truth, given.settings) for video, truth in films]
    print(f"{'':24}" + "".join(f"{video.name:>20}" for video, _ in films))
    for name in results[0]:
        print(f"{name:24}" + "".join(f"{result[name]!s:>20}" for result in results))


if __name__ == "__main__":
    main()
