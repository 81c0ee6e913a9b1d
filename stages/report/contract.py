"""What report.json holds, but for what only the job knows (see stages.datatypes.stamp).

    {"format": 1, "job_id", "profile", "video": {"uri", "duration_s", "decoded_s", "width", "height", "fps"},
     "brands":     [{"brand", "exposures", "seconds", "mean_area", "max_area", "mean_score", "first_s", "last_s"}],
     "exposures":  [{"id", "brand", "start_s", "end_s", "seconds", "mean_area", "mean_score", "best_t", "image"}],
     "detections": [{"t", "brand", "text", "score", "source", "exposure", "quad": [[x, y] x 4]}],
     "unresolved": [{"t", "text", "score", "quad"}], "notes": [text...], "cost": {...}}

Times in seconds of presentation time, quads in pixels of the source frame clockwise from top left, areas as share of
the frame. The format number is a promise.

Exposures, and all figures of them, are exact: they are made of every detection. `detections` lists of each exposure
the first and the best picture and others at least half a second apart; in a report that would list more than 50,000
they are further apart, and a note says so (see stages.report.thinning). `unresolved` lists a text once for each time
that it was followed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from stages.datatypes import Detections, Exposure, Exposures, Frames, Readings
from stages.datatypes.arrow import Quads
from stages.report.thinning import STEPS_S, listed

FORMAT = 1


def report_content(
    frames: Frames,
    detections: Detections,
    exposures: Exposures,
    unresolved: Readings | None,
    escalation: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The report as JSON, without the job, and without the names of pictures.

    `escalation`: what was asked of a vision endpoint, and what that cost (see stages.brands.escalate)."""
    rows, step = listed(detections, exposures)
    return {
        "format": FORMAT,
        "video": asdict(frames.info),
        "brands": brand_rows(exposures),
        "exposures": [exposure_row(exposure) for exposure in exposures],
        "detections": _detection_rows(detections, rows),
        "unresolved": [] if unresolved is None else _unresolved_rows(unresolved),
        "notes": [*troubles(frames, detections, unresolved), *_thinned(step)],
        "cost": {} if escalation is None else {"escalation": dict(escalation)},
    }


def troubles(frames: Frames, detections: Detections, unresolved: Readings | None) -> list[str]:
    """What could not be decoded or read, in sentences, each once."""
    return list(dict.fromkeys([*frames.notes, *detections.notes, *(unresolved.notes if unresolved else ())]))


def _thinned(step: float) -> list[str]:
    if step == STEPS_S[0]:
        return []
    return [f"Of each exposure, report.json lists detections in pictures at least {step:g} s apart only."]


def brand_rows(exposures: Iterable[Exposure]) -> list[dict[str, Any]]:
    """A row for each brand, the longest on screen first. Means are weighted by the exposures' seconds."""
    by_brand: dict[str, list[Exposure]] = defaultdict(list)
    for exposure in exposures:
        by_brand[exposure.brand].append(exposure)
    rows = [_brand_row(brand, found) for brand, found in by_brand.items()]
    return sorted(rows, key=lambda row: (-row["seconds"], row["brand"]))


def _brand_row(brand: str, found: list[Exposure]) -> dict[str, Any]:
    seconds = sum(e.seconds for e in found)
    weights = [e.seconds / seconds if seconds else 1 / len(found) for e in found]
    return {
        "brand": brand,
        "exposures": len(found),
        "seconds": round(seconds, 3),
        "mean_area": round(sum(w * e.mean_area for w, e in zip(weights, found, strict=True)), 6),
        "max_area": max(e.max_area for e in found),
        "mean_score": round(sum(w * e.mean_score for w, e in zip(weights, found, strict=True)), 4),
        "first_s": min(e.start_s for e in found),
        "last_s": max(e.end_s for e in found),
    }


def exposure_row(exposure: Exposure) -> dict[str, Any]:
    """An exposure as it stands in JSON and CSV; `image` becomes a file beside the report where there is one."""
    return {
        "id": exposure.id,
        "brand": exposure.brand,
        "start_s": exposure.start_s,
        "end_s": exposure.end_s,
        "seconds": round(exposure.seconds, 3),
        "mean_area": exposure.mean_area,
        "mean_score": exposure.mean_score,
        "best_t": exposure.best_t,
        "image": None,
    }


def _detection_rows(detections: Detections, rows: Sequence[int]) -> list[dict[str, Any]]:
    quads = _plain_quads(detections.quads[rows])
    return [
        {"t": d.t, "brand": d.brand, "text": d.text, "score": d.score}
        | {"source": d.source, "exposure": d.exposure, "quad": quad}
        for d, quad in zip((detections[row] for row in rows), quads, strict=True)
    ]


def _unresolved_rows(regions: Readings) -> list[dict[str, Any]]:
    quads = _plain_quads(regions.quads)
    return [{"t": r.t, "text": r.text, "score": r.score, "quad": q} for r, q in zip(regions, quads, strict=True)]


def _plain_quads(quads: Quads) -> list[list[list[float]]]:
    """To a tenth of a pixel, which is finer than any of them is known."""
    return [[[round(float(x), 1), round(float(y), 1)] for x, y in quad] for quad in quads]
