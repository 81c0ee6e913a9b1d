"""Which detections report.json lists: a brand that is followed at six pictures a second for hours would fill it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stages.datatypes import Detections, Exposure

STEPS_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Listed pictures of one exposure lie at least so far apart; the first of these with which the list is short enough."""

MOST = 50_000
"""Detections that are listed, if one of the steps suffices for it: about 10 MB."""


def listed(detections: Detections, exposures: Iterable[Exposure], most: int = MOST) -> tuple[list[int], float]:
    """Rows of the detections that are listed, and the step, seconds.

    Of each exposure these are all detections in its first picture, in its best, and in others that lie a step apart.
    """
    best = {exposure.id: exposure.best_t for exposure in exposures}
    rows: list[int] = []
    step = STEPS_S[0]
    for step in STEPS_S:
        rows = _rows(detections, best, step)
        if len(rows) <= most:
            break
    return rows, step


def _rows(detections: Detections, best: Mapping[str, float], step: float) -> list[int]:
    kept: list[int] = []
    last: dict[tuple[str, str], float] = {}
    keys = zip(detections.brands, detections.exposures, strict=True)
    for row, (t, key) in enumerate(zip(detections.t.tolist(), keys, strict=True)):
        before = last.get(key)
        if before is None or t == before or t - before >= step - 1e-6:
            last[key] = t
            kept.append(row)
        elif best.get(key[1]) == t:
            kept.append(row)
    return kept
