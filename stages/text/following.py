"""Following regions through a stretch of small pictures, forwards as they come and backwards from where they are found.

All quads here are in pixels of the small pictures.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from stages.text.flow import moved
from stages.text.patch import Patch, area, overlap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Luma = NDArray[np.uint8]
    Quad = NDArray[np.float32]

COAST_S, COAST_BACK_S = 2.0, 1.0
"""How long a hidden region is carried on at its speed before it is given up, forwards and backwards, seconds."""

MISSED, MISSED_ONCE_FOUND = 4, 2
"""Searches that may pass without finding it again; fewer while it was found only once."""

REACH, REACH_CLEAR, CLEAR = 1.8, 3.6, 0.85
"""Over so many searches' distances a region is followed from where it was found; over more of them while so large a
share of it is to be seen. What searches do not find for longer is some other thing that is followed."""

STILL, AGAIN, HIDDEN_LONG_S = 0.3, 0.6, 0.3
"""Visible share that it takes to go on, and to be taken up again after it was hidden for so long, seconds."""

CLEARLY, BETTER = 0.6, 0.05
"""A share at which no other place is tried, and by how much another place must be better."""

OVER_CUT = 0.7
"""Visible share with which a region outlasts a cut, as a logo in the corner does."""

OF_BOX, OF_REGION = 0.6, 0.7
"""Shares of a box, or of a region, that the two must share to be the same."""

GROWN = 1.4
"""A box so many times larger than the region shows more of it (or, the other way round, less)."""

EDGE = 2.0
"""Pixels: what lies wholly beyond the picture's edge, or within so much of it, has left."""


class Seen(NamedTuple):
    """A region in one picture."""

    quad: Quad
    visible: float
    found: bool


class Picture(NamedTuple):
    """A small picture: its place in the whole series, its time in seconds, its luma, whether a shot begins with it."""

    place: int
    t: float
    luma: Luma
    cut: bool


@dataclass(eq=False)
class Region:
    """A region that is being followed. `seen` by the picture's place; `velocity` in pixels a second."""

    quad: Quad
    patch: Patch
    velocity: NDArray[np.float32]
    seen: dict[int, Seen] = field(default_factory=dict)
    hidden_s: float = 0.0
    missed: int = 0
    times_found: int = 0
    last_found_s: float = 0.0

    @staticmethod
    def at(quad: Quad, picture: Picture) -> Region:
        """A region just found."""
        import numpy as np

        region = Region(quad, Patch(picture.luma, quad), np.zeros(2, np.float32))
        region.find(quad, picture)
        return region

    def find(self, quad: Quad, picture: Picture) -> None:
        """It was found here: what it looks like now is what is followed."""
        self.quad, self.patch, self.hidden_s = quad, Patch(picture.luma, quad), 0.0
        self.seen[picture.place] = Seen(quad, 1.0, True)

    def find_part(self, share: float, place: int) -> None:
        """So much of it was found here; the rest is hidden by something."""
        self.seen[place] = Seen(self.quad, max(share, self.seen[place].visible), True)

    def improve(self, place: int, seen: Seen) -> None:
        """What was seen of it from another side counts where that is more."""
        if place not in self.seen or seen.visible > self.seen[place].visible:
            self.seen[place] = seen

    def go(self, luma: Luma, place: int, carried: Quad | None, dt: float) -> None:
        """Its next picture, `dt` seconds on: at the place it was carried to, or where its speed brings it."""
        expected = self.quad + self.velocity * dt
        share, quad = self._best(luma, expected if carried is None else carried, expected)
        if share >= (AGAIN if self.hidden_s > HIDDEN_LONG_S else STILL):
            velocity = (quad.mean(0) - self.quad.mean(0)) / dt
            self.velocity = (self.velocity + velocity) / 2 if len(self.seen) > 1 else velocity
            self.quad, self.hidden_s = quad, 0.0
        else:
            self.quad, self.hidden_s = expected, self.hidden_s + dt
        self.seen[place] = Seen(self.quad, share, False)

    def _best(self, luma: Luma, carried: Quad, expected: Quad) -> tuple[float, Quad]:
        share, quad = self.patch.visible(luma, carried)
        if share <= CLEARLY and carried is not expected:
            other, elsewhere = self.patch.visible(luma, expected)
            if other > share + BETTER:
                return other, elsewhere
        return share, quad

    def is_lost(self, picture: Picture) -> bool:
        """Whether to give it up."""
        missed = MISSED if self.times_found > 1 else MISSED_ONCE_FOUND
        cut_off = picture.cut and self.seen[picture.place].visible < OVER_CUT
        return cut_off or self.missed > missed or self.has_left(picture.luma, COAST_S)

    def has_left(self, luma: Luma, coast_s: float) -> bool:
        """Whether it was hidden for longer than this, or is beyond the picture's edge."""
        low, high = self.quad.max(0), self.quad.min(0)
        height, width = luma.shape
        beyond = (low < EDGE).any() or high[0] > width - EDGE or high[1] > height - EDGE
        return self.hidden_s > coast_s or bool(beyond)


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
        _step(self._live, before, picture, picture.t - before.t, flow=not picture.cut)
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
            elif self._find_again(region, box, picture) and _had_gaps(region, picture.place):
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
            _step([ghost for ghost, _, _ in ghosts], later, earlier, later.t - earlier.t, flow=True)
            for ghost, region, _ in ghosts:
                region.improve(earlier.place, ghost.seen[earlier.place])
            ghosts = [ghost for ghost in ghosts if not ghost[0].has_left(earlier.luma, COAST_BACK_S)]


def _backwards(pictures: Sequence[Picture]) -> Iterable[tuple[Picture, Picture]]:
    """Pairs of a picture and the one before it, the last first."""
    return ((pictures[i], pictures[i - 1]) for i in range(len(pictures) - 1, 0, -1))


def _step(regions: Sequence[Region], before: Picture, after: Picture, dt: float, flow: bool) -> None:
    """Bring regions from one picture to another that is `dt` seconds away, whichever of the two is later."""
    moving = [region for region in regions if flow and not region.hidden_s]
    quads = [region.quad for region in moving]
    there = moved(before.luma, after.luma, quads, [region.velocity * dt for region in moving])
    carried = dict(zip(map(id, moving), there, strict=True))
    for region in regions:
        region.go(after.luma, after.place, carried.get(id(region)), dt)


def _had_gaps(region: Region, place: int) -> bool:
    """Whether it was hardly seen in some picture before this one, since it was found before."""
    while (seen := region.seen.get(place := place - 1)) is not None and not seen.found:
        if seen.visible < CLEARLY:
            return True
    return False
