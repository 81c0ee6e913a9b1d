"""The figures of one way of measuring brands on one film: how right it was, and what it cost."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cost import Cost, run_measured
from bench.films import Sample
from bench.score import score

PROFILE = "brand-exposure"


@dataclass(frozen=True)
class Figures:
    """`longest_s`: the longest exposure claimed. `cpu`: seconds of CPU a second of film. `speed`: seconds of film a
    second of time. `peak_mb`: most memory of the processes at once."""

    f1: float
    recall: float
    precision: float
    tracks: str
    misplaced: int
    false_s: float
    longest_s: float
    cpu: float
    speed: float
    peak_mb: int


def measure_ours(sample: Sample, settings: Sequence[str] = ()) -> Figures:
    """The shipped profile, run as a user runs it; every stage anew."""
    command = [str(Path(sys.executable).with_name("stagewright")), "run", PROFILE, "--json", "--refresh", "all"]
    brands = json.dumps(sample.truth["brands"], ensure_ascii=False)
    command += ["--input", f"video={sample.video}", "--set", f"match_brands.brands={brands}"]
    cost = run_measured([*command, *(part for setting in settings for part in ("--set", setting))])
    return _figures(sample, json.loads(Path(json.loads(cost.said)["report"]).read_text()), cost)


def measure_plain(sample: Sample) -> Figures:
    """The plain script (`bench.plain`), in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-plain-") as folder:
        brands, report = Path(folder) / "brands.json", Path(folder) / "report.json"
        brands.write_text(json.dumps(sample.truth["brands"]))
        cost = run_measured([sys.executable, "-m", "bench.plain", str(sample.video), str(brands), str(report)])
        return _figures(sample, json.loads(report.read_text()), cost)


def _figures(sample: Sample, report: dict[str, Any], cost: Cost) -> Figures:
    result = score(sample.truth, report)
    longest = max((e["end_s"] - e["start_s"] for e in report["exposures"]), default=0.0)
    return Figures(
        f1=result.f1_s,
        recall=result.recall_s,
        precision=result.precision_s,
        tracks=result.tracks_found,
        misplaced=result.misplaced,
        false_s=result.false_seconds,
        longest_s=round(longest, 2),
        cpu=round(cost.cpu_s / sample.seconds, 3),
        speed=round(sample.seconds / cost.wall_s, 2),
        peak_mb=round(cost.peak_bytes / 1e6),
    )
