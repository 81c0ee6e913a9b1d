"""What a followed region looked like when it was found, and how much of that is still to be seen."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Luma = NDArray[np.uint8]
    Quad = NDArray[np.float32]

HEIGHT = 20
"""Height of the patch, pixels; its width follows the quad's shape, up to WIDEST."""

WIDEST = 320
FEWEST_CELLS, MOST_CELLS = 2, 14
"""A patch is compared in this many cells side by side, each about as wide as high: about one for each letter or two."""

FLAT = 5.0
"""A cell whose shades deviate by less (luma, 0..255) shows nothing that could be told again."""

ALIKE = 0.5
"""Normalised correlation above which a cell still looks the same (measured: FACTS of the prototype)."""

DRIFT, SURE = 4, 0.6
"""Pixels of the patch by which a quad may be set right, and the correlation of the whole that this takes."""

SHIFT = 2
"""Pixels of the patch by which a single cell may be off."""

SMALLEST = 20.0
"""Square pixels of a quad below which nothing can be compared."""


class Patch:
    """A region's appearance. All quads are in pixels of the small pictures, (4, 2) float32 clockwise from top left."""

    def __init__(self, luma: Luma, quad: Quad) -> None:
        import numpy as np

        across = (np.hypot(*(quad[1] - quad[0])) + np.hypot(*(quad[2] - quad[3]))) / 2
        along = max(1.0, (np.hypot(*(quad[3] - quad[0])) + np.hypot(*(quad[2] - quad[1]))) / 2)
        self.width = int(np.clip(across / along * HEIGHT, HEIGHT, WIDEST))
        cells = int(np.clip(round(self.width / HEIGHT), FEWEST_CELLS, MOST_CELLS))
        self._look, _ = self._straight(luma, quad, 0)
        self._edges = np.linspace(0, self.width, cells + 1).astype(int).tolist()
        self._told = [_deviation(self._look[:, a:b]) >= FLAT for a, b in pairwise(self._edges)]

    def visible(self, luma: Luma, quad: Quad) -> tuple[float, Quad]:
        """The share (0..1) of the cells that can be told which look the same at the quad, and the quad set right."""
        import numpy as np

        if not np.isfinite(quad).all() or area(quad) < SMALLEST:
            return 0.0, quad
        now, quad = self._set_right(luma, quad)
        seen = [self._same(now, a, b) for (a, b), told in zip(pairwise(self._edges), self._told, strict=True) if told]
        return (sum(seen) / len(seen) if seen else 0.0), quad

    def _set_right(self, luma: Luma, quad: Quad) -> tuple[Luma, Quad]:
        import cv2
        import numpy as np

        now, warp = self._straight(luma, quad, DRIFT)
        _, best, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(now, self._look, cv2.TM_CCOEFF_NORMED))
        if best <= SURE or (x, y) == (DRIFT, DRIFT):
            return now, quad
        shifted = _rectangle(self.width, HEIGHT) + np.array((x, y), np.float32)
        quad = np.asarray(cv2.perspectiveTransform(shifted[None], np.linalg.inv(warp))[0], np.float32)
        return self._straight(luma, quad, DRIFT)[0], quad

    def _same(self, now: Luma, a: int, b: int) -> bool:
        import cv2

        margin = DRIFT - SHIFT
        cell = now[margin : DRIFT + HEIGHT + SHIFT, max(0, a + margin) : b + DRIFT + SHIFT]
        if _deviation(cell) < FLAT / 2:
            return False
        return bool(cv2.matchTemplate(cell, self._look[:, a:b], cv2.TM_CCOEFF_NORMED).max() > ALIKE)

    def _straight(self, luma: Luma, quad: Quad, margin: int) -> tuple[Luma, NDArray[np.float64]]:
        import cv2
        import numpy as np

        target = _rectangle(self.width, HEIGHT) + np.float32(margin)
        warp = np.asarray(cv2.getPerspectiveTransform(np.asarray(quad, np.float32), target), np.float64)
        size = (self.width + 2 * margin, HEIGHT + 2 * margin)
        return np.asarray(cv2.warpPerspective(luma, warp, size, flags=cv2.INTER_LINEAR), np.uint8), warp


def _deviation(cell: Luma) -> float:
    """Of its shades (luma, 0..255); five times faster than by NumPy for what is so small."""
    import cv2

    return float(cv2.meanStdDev(cell)[1][0, 0])


def area(quad: Quad) -> float:
    """Square pixels of a quad."""
    import cv2

    return float(abs(cv2.contourArea(quad)))


def overlap(one: Quad, other: Quad) -> float:
    """Square pixels that two convex quads share."""
    import cv2

    return float(cv2.intersectConvexConvex(one, other)[0])


def _rectangle(width: int, height: int) -> Quad:
    import numpy as np

    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
