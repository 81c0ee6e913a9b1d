"""Which pictures the report needs, and making them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from stages import FailedItem, RuntimeContext
from stages.datatypes import Detections, Exposures, Frames, Reading
from stages.datatypes.arrow import Quads, quad_areas
from stages.report.picture_choice import chosen

SAME_PICTURE_S = 0.001
"""A picture whose time is nearer than this to that of a detection is the one it was seen in."""

UNREAD_PICTURES = 24
"""Unresolved texts that are shown with a picture, the most frequent first."""

Key = str | int
"""An exposure by its id, an unresolved text by its place in the page's list."""


@dataclass(frozen=True)
class Shot:
    """A picture to be made: of what, when (seconds), and the quads that are drawn."""

    key: Key
    t: float
    quads: Quads


def shots_of_exposures(frames: Frames, detections: Detections, exposures: Exposures, most: int) -> list[Shot]:
    """Of exposures at their best, at most `most`; one whose best picture was not kept has none."""
    rows = _best_rows(detections, exposures)
    shown = [e for e in exposures if e.id in rows and _is_kept(frames, e.best_t)]
    return [Shot(e.id, e.best_t, detections.quads[rows[e.id]]) for e in chosen(shown, most)]


def shots_of_texts(frames: Frames, texts: Sequence[Reading]) -> list[Shot]:
    """Of the best readings of unresolved texts, in the order of the page's list."""
    first = enumerate(texts[:UNREAD_PICTURES])
    return [Shot(place, one.t, one.quad[None]) for place, one in first if _is_kept(frames, one.t)]


def _is_kept(frames: Frames, t: float) -> bool:
    """Whether the picture that was on screen then is there: a box drawn into another would be at a wrong place."""
    return len(frames) > 0 and abs(frames.at(t).t - t) < SAME_PICTURE_S


def take(frames: Frames, shots: Sequence[Shot], room: int, ctx: RuntimeContext) -> dict[Key, bytes]:
    """JPEG of each shot, as many as `room` bytes hold. A picture that fails is left out."""
    made: dict[Key, bytes] = {}
    found = ctx.map(partial(_picture, frames), shots, max_failed=len(shots))
    for shot, jpeg in zip(shots, found, strict=False):
        if not isinstance(jpeg, FailedItem) and len(jpeg) <= room:
            made[shot.key] = jpeg
            room -= len(jpeg)
    return made


def _picture(frames: Frames, shot: Shot) -> bytes:
    from stages.report.pictures import box_picture

    return box_picture(frames, shot.t, shot.quads)


def _best_rows(detections: Detections, exposures: Exposures) -> Mapping[str, list[int]]:
    """For each exposure its detections in the best picture, the best of them first."""
    best_t = {exposure.id: exposure.best_t for exposure in exposures}
    worth = detections.score * quad_areas(detections.quads) ** 0.5
    rows: dict[str, list[int]] = defaultdict(list)
    for row, (id, t) in enumerate(zip(detections.exposures, detections.t.tolist(), strict=True)):
        if best_t.get(id) == t:
            rows[id].append(row)
    return {id: sorted(found, key=lambda row: -worth[row]) for id, found in rows.items()}
