"""A region that is followed from picture to picture, as far as it looks like itself.

All quads here are in pixels of the small pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from stages.text.flow import moved
from stages.text.patch import Patch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Luma = NDArray[np.uint8]
    Quad = NDArray[np.float32]

COAST_S, COAST_BACK_S = 2.0, 1.0
"""How long a hidden region is carried on at its speed before it is given up, forwards and backwards, seconds."""

MISSED, MISSED_ONCE_FOUND = 4, 2
"""Searches that may pass without finding it again; fewer while it was found only once."""

STILL, AGAIN, HIDDEN_LONG_S = 0.3, 0.6, 0.3
"""Visible share that it takes to go on, and to be taken up again after it was hidden for so long, seconds."""

CLEARLY, BETTER = 0.6, 0.05
"""A share at which no other place is tried, and by how much another place must be better."""

OVER_CUT = 0.7
"""Visible share with which a region outlasts a cut, as a logo in the corner does."""

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

    def had_gaps(self, place: int) -> bool:
        """Whether it was hardly seen in some picture before this one, since it was found before."""
        while (seen := self.seen.get(place := place - 1)) is not None and not seen.found:
            if seen.visible < CLEARLY:
                return True
        return False


def step(regions: Sequence[Region], before: Picture, after: Picture, dt: float, flow: bool) -> None:
    """Bring regions from one picture to another that is `dt` seconds away, whichever of the two is later."""
    moving = [region for region in regions if flow and not region.hidden_s]
    quads = [region.quad for region in moving]
    there = moved(before.luma, after.luma, quads, [region.velocity * dt for region in moving])
    carried = dict(zip(map(id, moving), there, strict=True))
    for region in regions:
        region.go(after.luma, after.place, carried.get(id(region)), dt)
