"""`track_exposures`: from when to when each brand was on screen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import Field

from stages import RuntimeContext, StageConfig, stage
from stages.brands.merging import Span, Stretch, merged
from stages.datatypes import Detections, Exposure, Exposures, Frames
from stages.datatypes.arrow import quad_areas

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AREA_DECIMALS = 6
SCORE_DECIMALS = 4
TIME_DECIMALS = 3

NEXT_SAMPLE = 1.25
"""In sample periods: what is seen in two samples that follow each other is one exposure, though their pictures lie a
little more than a period apart (a sample is the picture that is on screen, which may be up to a picture old)."""


class TrackExposuresConfig(StageConfig):
    """When two sightings of a brand are one exposure."""

    gap: float = Field(
        0.5, ge=0, le=60, description="Sightings of a brand no more than this apart are one exposure, seconds"
    )


@stage(label="Track exposures", category="brands", writes=("detections", "exposures"))
def track_exposures(
    detections: Detections, motion: Frames, frames: Frames, config: TrackExposuresConfig, ctx: RuntimeContext
) -> tuple[Detections, Exposures]:
    """Merge the sightings of each brand into exposures; every detection gets the id of its exposure.

    A sighting counts for all times that its picture stands for, and for half a sample period around them. Places are
    not compared: a brand that is on screen twice at a time is one exposure.
    """
    spans = _spans(detections, motion)
    looked = set(map(float, frames.index.t))
    shares = quad_areas(detections.quads) / (frames.info.width * frames.info.height)
    gap = max(config.gap, NEXT_SAMPLE * motion.period_s)
    found: list[tuple[Exposure, list[int]]] = []
    by_brand = _rows_by_brand(detections)
    for done, (brand, rows) in enumerate(by_brand.items(), 1):
        for stretch in merged([spans[row] for row in rows], gap, motion.period_s / 2, frames.info.decoded_s):
            members = [rows[place] for place in stretch.members]
            found.append((_exposure(brand, stretch, members, detections, shares, looked), members))
        ctx.set_progress(done, len(by_brand))
    return _numbered(detections, found)


def _spans(detections: Detections, motion: Frames) -> list[Span]:
    """For each detection the first and the last time that its picture stands for."""
    last = {float(t): motion.index.stands_for(place)[-1] for place, t in enumerate(motion.index.t)}
    return [(t, last.get(t, t)) for t in map(float, detections.t)]


def _rows_by_brand(detections: Detections) -> Mapping[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, brand in enumerate(detections.brands):
        rows[brand].append(row)
    return dict(sorted(rows.items()))


def _exposure(
    brand: str,
    stretch: Stretch,
    rows: Sequence[int],
    detections: Detections,
    shares: NDArray[np.float64],
    looked: set[float],
) -> Exposure:
    import numpy as np

    per_picture: dict[float, float] = defaultdict(float)
    for row in rows:
        per_picture[float(detections.t[row])] += float(shares[row])
    areas = [min(1.0, area) for area in per_picture.values()]
    shown = [row for row in rows if float(detections.t[row]) in looked] or rows  # of these there is a picture
    best = max(shown, key=lambda row: (detections.score[row] * shares[row] ** 0.5, -detections.t[row]))
    return Exposure(
        id="",
        brand=brand,
        start_s=round(stretch.begin, TIME_DECIMALS),
        end_s=round(stretch.end, TIME_DECIMALS),
        mean_area=round(float(np.mean(areas)), AREA_DECIMALS),
        max_area=round(max(areas), AREA_DECIMALS),
        mean_score=round(float(np.mean(detections.score[list(rows)])), SCORE_DECIMALS),
        best_t=float(detections.t[best]),
    )


def _numbered(detections: Detections, found: Sequence[tuple[Exposure, list[int]]]) -> tuple[Detections, Exposures]:
    ids = [""] * len(detections)
    exposures = []
    for number, (exposure, rows) in enumerate(sorted(found, key=lambda one: (one[0].start_s, one[0].brand)), 1):
        exposures.append(replace(exposure, id=f"e{number:04d}"))
        for row in rows:
            ids[row] = exposures[-1].id
    return detections.assigned(ids), Exposures(tuple(exposures))
