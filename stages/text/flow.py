"""How regions move from one small picture to the next: corner points, followed there and back (pyramidal LK)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Luma = NDArray[np.uint8]
    Quad = NDArray[np.float32]
    Points = NDArray[np.float32]

CORNERS: dict[str, Any] = {"maxCorners": 24, "qualityLevel": 0.05, "minDistance": 3, "blockSize": 3}
LUCAS_KANADE = {"winSize": (15, 15), "maxLevel": 3, "criteria": (3, 12, 0.03)}

THERE_AND_BACK = 0.7
"""A point counts if, followed back, it is no more than this many pixels from where it began."""

FOR_AFFINE, FOR_SHIFT = 8, 3
"""Points it takes to tell turning and scaling, and to tell a shift."""

INLIERS = 6
MOST_SCALING = 1.25
"""Between two pictures nothing grows or shrinks by more than this."""


def moved(before: Luma, after: Luma, quads: Sequence[Quad], steps: Sequence[Points]) -> list[Quad | None]:
    """Where each quad of `before` is in `after`, None where that cannot be told.

    `steps`: how far (2,) each is expected to have come. Quads in pixels, (4, 2) float32.
    """
    import cv2
    import numpy as np

    found = [_corners(before, quad) for quad in quads]
    owner = np.repeat(np.arange(len(quads)), [len(points) for points in found])
    if not len(owner):
        return [None] * len(quads)
    start = np.concatenate(found)
    guess = start + np.asarray(steps, np.float32)[owner]
    how: dict[str, Any] = {"flags": cv2.OPTFLOW_USE_INITIAL_FLOW, **LUCAS_KANADE}
    end, there, _ = cv2.calcOpticalFlowPyrLK(before, after, start, guess, **how)
    again, back, _ = cv2.calcOpticalFlowPyrLK(after, before, end, start.copy(), **how)
    good = (there[:, 0] > 0) & (back[:, 0] > 0) & (np.abs(start - again).max(1) < THERE_AND_BACK)
    of_each = [good & (owner == place) for place in range(len(quads))]
    return [_carried(quad, start[own], end[own]) for quad, own in zip(quads, of_each, strict=True)]


def _corners(luma: Luma, quad: Quad) -> Points:
    """Points (N, 2) in the quad that can be told from their surroundings."""
    import cv2
    import numpy as np

    none = np.empty((0, 2), np.float32)
    height, width = luma.shape
    left, top = np.maximum(np.floor(quad.min(0)).astype(int) - 1, 0)
    right, bottom = np.minimum(np.ceil(quad.max(0)).astype(int) + 2, (width, height))
    if right - left < 5 or bottom - top < 4:
        return none
    mask = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillConvexPoly(mask, np.round(quad - (left, top)).astype(np.int32), 255)
    corners = cv2.goodFeaturesToTrack(luma[top:bottom, left:right], mask=mask, **CORNERS)
    return none if corners is None else np.asarray(corners[:, 0] + (left, top), np.float32)


def _carried(quad: Quad, start: Points, end: Points) -> Quad | None:
    import cv2
    import numpy as np

    if len(start) >= FOR_AFFINE:
        affine, inliers = cv2.estimateAffinePartial2D(start, end, ransacReprojThreshold=1.5, maxIters=100)
        if affine is not None and inliers.sum() >= INLIERS:
            scaling = float(np.hypot(affine[0, 0], affine[1, 0]))
            if 1 / MOST_SCALING < scaling < MOST_SCALING:
                return np.asarray(quad @ affine[:, :2].T + affine[:, 2], np.float32)
    if len(start) >= FOR_SHIFT:
        return np.asarray(quad + np.median(end - start, 0), np.float32)
    return None
