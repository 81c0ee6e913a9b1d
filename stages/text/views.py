"""Which views of a track are read: those that show it best, apart in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages.datatypes import Frames, Tracks
from stages.datatypes.arrow import quad_areas

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAME_S = 1e-6
"""Times closer than this are the same."""

LEAST_VISIBLE = 0.3
"""A view that shows less of the text than this is not worth reading."""


@dataclass(frozen=True)
class View:
    """One track in one picture of `frames`: its place there, and the quad in pixels of the source."""

    track: int
    frame: int
    quad: NDArray[np.float32]


def views_of(tracks: Tracks, frames: Frames, most: int) -> dict[int, list[View]]:
    """For each track at most `most` pictures of `frames` that show it, the best views first.

    The first is the best of all; for each further one, what is less than a second from those before it counts less.
    """
    import numpy as np

    place_of = {round(float(t) / SAME_S): place for place, t in enumerate(frames.index.t)}
    places = [place_of.get(round(float(t) / SAME_S), -1) for t in tracks.t]
    worth = tracks.visible * np.sqrt(quad_areas(tracks.quads)) * np.where(tracks.found, 1.0, 0.7)
    found: dict[int, list[View]] = {}
    for track, rows in tracks.rows_of().items():
        usable = [row for row in rows if places[row] >= 0 and tracks.visible[row] >= LEAST_VISIBLE]
        ordered = _spread(usable, worth, tracks.t, most)
        found[track] = [View(track, places[row], tracks.quads[row]) for row in ordered]
    return found


def _spread(rows: Sequence[int], worth: NDArray[np.float64], t: NDArray[np.float64], most: int) -> list[int]:
    left = sorted(rows, key=lambda row: (-worth[row], row))
    taken: list[int] = []
    while left and len(taken) < most:
        taken.append(left.pop(0))
        left.sort(key=lambda row: (-worth[row] * min(1.0, min(abs(t[row] - t[had]) for had in taken)), row))
    return taken
