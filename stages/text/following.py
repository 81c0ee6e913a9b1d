"""Following regions through a stretch of small pictures, forwards as they come and backwards from where they are found.

All quads here are in pixels of the small pictures.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING

from stages.text.patch import area, overlap
from stages.text.region import COAST_BACK_S, STILL, Picture, Region, Seen, step

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Quad = NDArray[np.float32]

REACH, REACH_CLEAR, CLEAR = 1.8, 3.6, 0.85
"""Over so many searches' distances a region is followed from where it was found; over more of them while so large a
share of it is to be seen. What searches do not find for longer is some other thing that is followed."""

OF_BOX, OF_REGION = 0.6, 0.7
"""Shares of a box, or of a region, that the two must share to be the same."""

GROWN = 1.4
"""A box so many times larger than the region shows more of it (or, the other way round, less)."""


class Follower:
    """Takes the pictures of a stretch in order, with the boxes that were found in some of them.

    `period_s`: seconds between two searches.
    """

    def __init__(self, period_s: float) -> None:
        self._reach_s, self._clear_s = REACH * period_s, REACH_CLEAR * period_s
        self._live: list[Region] = []
        self._all: list[Region] = []
        self._pictures: deque[Picture] = deque()

    def see(self, picture: Picture, boxes: Sequence[Quad] | None) -> None:
        """The next picture; `boxes` found in it, None where nothing was searched."""
        if self._pictures:
            self._go_on(self._pictures[-1], picture)
        self._pictures.append(picture)
        while picture.t - self._pictures[0].t > self._clear_s:
            self._pictures.popleft()
        if boxes is not None:
            self._search(picture, boxes)

    def regions(self, times: Mapping[int, float]) -> list[list[tuple[int, Seen]]]:
        """Everything that was followed, each in order of time, as far as it was found not long before or after."""
        kept = []
        for region in self._all:
            points = sorted(region.seen.items())
            found = [times[place] for place, seen in points if seen.found]
            kept.append([(place, seen) for place, seen in points if self._is_near(times[place], found, seen.visible)])
        return kept

    def _is_near(self, t: float, found: Sequence[float], visible: float) -> bool:
        return min(abs(t - other) for other in found) <= (self._clear_s if visible >= CLEAR else self._reach_s)

    def _go_on(self, before: Picture, picture: Picture) -> None:
        if picture.cut:
            for region in self._live:
                region.velocity[:] = 0
        step(self._live, before, picture, picture.t - before.t, flow=not picture.cut)
        self._live = [region for region in self._live if not region.is_lost(picture)]

    def _search(self, picture: Picture, boxes: Sequence[Quad]) -> None:
        found: set[Region] = set()
        new: list[Region] = []
        back: list[tuple[Region, float]] = []
        for box in boxes:
            region = self._same(box, picture)
            if region is None:
                region = Region.at(box, picture)
                new.append(region)
                back.append((region, -inf))
            elif self._find_again(region, box, picture) and region.had_gaps(picture.place):
                back.append((region, region.last_found_s))
            found.add(region)
        self._back(back)
        for region in (*self._live, *new):
            if region in found:
                region.missed, region.times_found, region.last_found_s = 0, region.times_found + 1, picture.t
            else:
                region.missed += 1
        self._live += new
        self._all += new

    def _find_again(self, region: Region, box: Quad, picture: Picture) -> bool:
        """Whether it was found whole."""
        size = area(box) / max(area(region.quad), 1.0)
        if 1 / GROWN < size < GROWN or (size >= GROWN and self._alone(box, region)):
            region.find(box, picture)
            return True
        region.find_part(min(1.0, overlap(box, region.quad) / max(area(region.quad), 1.0)), picture.place)
        return False

    def _same(self, box: Quad, picture: Picture) -> Region | None:
        """The followed region that a box shows. What does not look like it is something else that came there."""
        size, best, most = area(box), None, 0.0
        for region in self._live:
            shared, own = overlap(box, region.quad), area(region.quad)
            if shared > most and (shared > OF_BOX * size or shared > OF_REGION * own):
                fits = 1 / GROWN < size / max(own, 1.0) < GROWN
                share = region.patch.visible(picture.luma, box)[0] if fits else 0.0
                if max(share, region.seen[picture.place].visible) >= STILL:
                    best, most = region, shared
        return best

    def _alone(self, box: Quad, region: Region) -> bool:
        """Whether a box covers no other region: two that stand side by side are sometimes found as one."""
        others = (other for other in self._live if other is not region and other.hidden_s == 0)
        return not any(overlap(box, other.quad) > area(other.quad) / 2 for other in others)

    def _back(self, found: Iterable[tuple[Region, float]]) -> None:
        """Follow regions that were found to where they came from, each back to when it was found before."""
        ghosts = [(Region.at(region.quad, self._pictures[-1]), region, since) for region, since in found]
        for later, earlier in _backwards(self._pictures):
            ghosts = [ghost for ghost in ghosts if ghost[2] < earlier.t]
            if later.cut or not ghosts:
                break
            step([ghost for ghost, _, _ in ghosts], later, earlier, later.t - earlier.t, flow=True)
            for ghost, region, _ in ghosts:
                region.improve(earlier.place, ghost.seen[earlier.place])
            ghosts = [ghost for ghost in ghosts if not ghost[0].has_left(earlier.luma, COAST_BACK_S)]


def _backwards(pictures: Sequence[Picture]) -> Iterable[tuple[Picture, Picture]]:
    """Pairs of a picture and the one before it, the last first."""
    return ((pictures[i], pictures[i - 1]) for i in range(len(pictures) - 1, 0, -1))
