"""Score a brand report against a film's truth.

    python -m bench.score TRUTH.json REPORT.json [--json]

Two measures, both over what a viewer could see:

- seconds: at every 0.1 s a brand is *due* if an object of it is at least 60 % visible with lettering of at least
  12 px, and *allowed* if an object of it is at least 20 % visible, of any size. A report claims a brand at t if one of
  its exposures covers t. Missed: due and not claimed. False: claimed and not allowed. Times within 0.25 s of a change
  of either state are not scored.
- places: the centre of each detection's quad must lie in or within 12 px of an object of its brand that is at least
  20 % visible, in the truth's picture nearest to its time. Else it is misplaced.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

DUE_VISIBLE, DUE_TEXT_PX = 0.6, 12
ALLOWED_VISIBLE = 0.2
QUIET_S = 0.25
MARGIN_PX = 12.0

Json = Mapping[str, Any]
Spans = Mapping[str, Sequence[tuple[float, float]]]


@dataclass(frozen=True)
class Score:
    """`tracks_found`: of the objects that were due for a second or more, how many were claimed at any time."""

    recall_s: float
    precision_s: float
    f1_s: float
    false_seconds: float
    due_seconds: float
    tracks_found: str
    detections: int
    misplaced: int


def score(truth: Json, report: Json) -> Score:
    """The score of a report (its `exposures` and `detections`) against a truth."""
    claims = _claims(report)
    hit, missed, false = _seconds(truth, claims)
    misplaced = sum(not _placed(detection, truth) for detection in report["detections"])
    recall = hit / (hit + missed) if hit + missed else 1.0
    precision = hit / (hit + false) if hit + false else 1.0
    f1 = 2 * recall * precision / (recall + precision) if recall + precision else 0.0
    return Score(
        recall_s=round(recall, 4),
        precision_s=round(precision, 4),
        f1_s=round(f1, 4),
        false_seconds=round(false / 10, 1),
        due_seconds=round((hit + missed) / 10, 1),
        tracks_found=_tracks_found(truth, claims),
        detections=len(report["detections"]),
        misplaced=misplaced,
    )


def _claims(report: Json) -> Spans:
    spans: dict[str, list[tuple[float, float]]] = {}
    for exposure in report["exposures"]:
        spans.setdefault(exposure["brand"], []).append((exposure["start_s"], exposure["end_s"]))
    return spans


def _seconds(truth: Json, claims: Spans) -> tuple[int, int, int]:
    """Tenths of seconds that were hit, missed, falsely claimed; over all brands."""
    due, allowed = _states(truth["frames"])
    brands = set().union(*due, *allowed, claims)
    counted = [_of_brand(brand, due, allowed, claims.get(brand, []), truth["meta"]["fps"]) for brand in brands]
    hit, missed, false = (sum(column) for column in zip(*counted, strict=True)) if counted else (0, 0, 0)
    return hit, missed, false


def _states(frames: Sequence[Json]) -> tuple[list[set[str]], list[set[str]]]:
    """For each picture the brands that are due, and those that are allowed."""
    due, allowed = [], []
    for frame in frames:
        branded = [o for o in frame["objects"] if o["brand"]]
        due.append({o["brand"] for o in branded if o["visible"] >= DUE_VISIBLE and o["text_h"] >= DUE_TEXT_PX})
        allowed.append({o["brand"] for o in branded if o["visible"] >= ALLOWED_VISIBLE})
    return due, allowed


def _of_brand(
    brand: str,
    due: Sequence[set[str]],
    allowed: Sequence[set[str]],
    claimed: Sequence[tuple[float, float]],
    fps: float,
) -> tuple[int, int, int]:
    states = [(brand in d, brand in a) for d, a in zip(due, allowed, strict=True)]
    quiet = max(1, round(QUIET_S * fps))
    edges = [i for i in range(1, len(states)) if states[i] != states[i - 1]]
    skipped = {j for i in edges for j in range(i - quiet, i + quiet)}
    hit = missed = false = 0
    for i in range(0, len(states), max(1, round(fps / 10))):
        if i in skipped:
            continue
        is_claimed = any(begin <= i / fps <= end for begin, end in claimed)
        is_due, is_allowed = states[i]
        hit += is_due and is_claimed
        missed += is_due and not is_claimed
        false += is_claimed and not is_due and not is_allowed
    return hit, missed, false


def _placed(detection: Json, truth: Json) -> bool:
    frames = truth["frames"]
    frame = frames[min(len(frames) - 1, max(0, round(detection["t"] * truth["meta"]["fps"])))]
    xs, ys = zip(*detection["quad"], strict=True)
    centre = (sum(xs) / 4, sum(ys) / 4)
    return any(
        o["brand"] == detection["brand"] and o["visible"] >= ALLOWED_VISIBLE and inside(centre, o["quad"])
        for o in frame["objects"]
    )


def inside(point: tuple[float, float], quad: Sequence[Sequence[float]], margin: float = MARGIN_PX) -> bool:
    """Whether a point is in a convex quad grown by `margin` pixels, whichever way its corners run."""
    sides = []
    for (x0, y0), (x1, y1) in zip(quad, [*quad[1:], quad[0]], strict=True):
        length = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1e-9)
        sides.append(((x1 - x0) * (point[1] - y0) - (y1 - y0) * (point[0] - x0)) / length)
    return all(side >= -margin for side in sides) or all(side <= margin for side in sides)


def _tracks_found(truth: Json, claims: Spans) -> str:
    due = [t for t in truth["tracks"] if t["brand"] and t["visible_s"] >= 1 and t["max_text_h"] >= DUE_TEXT_PX]
    found = [t for t in due if any(s < t["t1"] and e > t["t0"] for s, e in claims.get(t["brand"], []))]
    return f"{len(found)}/{len(due)}"


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.score", description="Score a brand report.")
    parser.add_argument("truth", type=Path)
    parser.add_argument("report", type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    result = asdict(score(json.loads(given.truth.read_text()), json.loads(given.report.read_text())))
    print(json.dumps(result) if given.json else "\n".join(f"{name}: {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
