"""Where a new shot begins, seen in small pictures while a video is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Luma = NDArray[np.uint8]
    Shades = NDArray[np.float64]

WIDTH, HEIGHT = 160, 90
"""Size of the thumbnail that is looked at."""

QUARTERS, SHADES = 2, 16
"""Cuts are seen in histograms of 16 shades over 2x2 parts of the picture, which a pan or a moving crowd hardly
changes. At two pictures a second of mixed footage cuts gave 0.43 and more, all else 0.34 and less; the mean difference
of thumbnails, which is cheaper, gave up to 38 of 255 for pans and as little as 34 for cuts."""


@dataclass
class CutFinder:
    """Told of one picture after the other, says which begin a shot. `least`: share that must have changed, 0..1."""

    least: float
    _last: Shades | None = None

    def begins(self, luma: Luma) -> bool:
        """Whether a shot begins with this picture, (H, W) uint8. The first picture of all begins none."""
        last, self._last = self._last, shades(luma)
        return last is not None and changed_shades(last, self._last) > self.least


def shades(luma: Luma) -> Shades:
    """(4, 16) share of each shade in each quarter of a picture, (H, W) uint8."""
    import cv2
    import numpy as np

    small = cv2.resize(luma, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    parts = [part for half in np.array_split(small, QUARTERS, 0) for part in np.array_split(half, QUARTERS, 1)]
    counts = [np.bincount((part // (256 // SHADES)).reshape(-1), minlength=SHADES) / part.size for part in parts]
    return np.asarray(counts, np.float64)


def changed_shades(one: Shades, other: Shades) -> float:
    """The share (0..1) of the picture whose shade is not to be found in the same quarter of the other picture."""
    import numpy as np

    return float((np.abs(one - other).sum(axis=1) / 2).mean())
