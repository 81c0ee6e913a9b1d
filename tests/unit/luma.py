"""Small grey pictures for tests of what is followed: texture that can be told again, and texts drawn on it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
Quad = NDArray[np.float32]


def textured(shape: tuple[int, int], seed: int, grain: int = 5) -> Luma:
    """Blots of about `grain` pixels in all shades."""
    coarse = np.random.default_rng(seed).integers(0, 256, (shape[0] // grain + 2, shape[1] // grain + 2))
    return cv2.resize(coarse.astype(np.uint8), (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def rectangle(left: float, top: float, width: float, height: float) -> Quad:
    """A quad, clockwise from top left."""
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def warped(picture: Luma, affine: NDArray[np.float64]) -> Luma:
    """What a (2, 3) affine makes of a picture; beyond its edge it is mirrored."""
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(cv2.warpAffine(picture, affine, size, borderMode=cv2.BORDER_REFLECT), np.uint8)


def turning(
    around: tuple[float, float], degrees: float = 0, scale: float = 1, by: tuple[float, float] = (0, 0)
) -> NDArray:
    """(2, 3) affine: turned and scaled around a point, then shifted."""
    affine = cv2.getRotationMatrix2D(around, degrees, scale)
    affine[:, 2] += by
    return affine


def carried(quad: Quad, affine: NDArray[np.float64]) -> Quad:
    """Where an affine brings a quad."""
    return (quad @ affine[:, :2].T + affine[:, 2]).astype(np.float32)
