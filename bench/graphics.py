"""Graphics in a shot: a plate that moves, what stands before it, and what of it can be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.plates import Plate

Picture = NDArray[np.uint8]
Quad = NDArray[np.float64]
Path = Callable[[float], Quad | None]
"""Where a plate's corners are `t` seconds into the shot, clockwise from top left, pixels; None: not shown."""


@dataclass(frozen=True, eq=False)
class Graphic:
    """A plate on its way. `brand` is None for a distractor; `kind` is a word of the truth file."""

    brand: str | None
    text: str
    kind: str
    plate: Plate
    path: Path


@dataclass(frozen=True, eq=False)
class Occluder:
    """Something that stands before the graphics: draws itself, and tells where it is by drawing in one colour."""

    draw: Callable[[Picture, float], None]
    mask: Callable[[Picture, float], None]


Layer = Graphic | Occluder

FINE_UP_TO = 1280
"""Width, in pixels, up to which what is visible is counted by every pixel."""


def upright(plate: Plate, at: Callable[[float], tuple[float, float] | None]) -> Path:
    """A path of a plate that is not turned, by its top left corner."""
    width, height = plate.size

    def path(t: float) -> Quad | None:
        corner = at(t)
        if corner is None:
            return None
        x, y = round(corner[0]), round(corner[1])
        return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], float)

    return path


def turned(plate: Plate, at: Callable[[float], tuple[float, float, float, float]]) -> Path:
    """A path by centre x, centre y, angle (radians, clockwise) and scale."""
    width, height = plate.size
    half = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2

    def path(t: float) -> Quad:
        x, y, angle, scale = at(t)
        cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
        return np.asarray(half @ np.array([[cos, sin], [-sin, cos]]) + (x, y))

    return path


def draw_plate(picture: Picture, plate: Plate, quad: Quad) -> None:
    """Draw a plate into a picture, whole or in part, in any perspective."""
    height, width = picture.shape[:2]
    low = np.maximum(np.floor(quad.min(0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(quad.max(0)).astype(int) + 1, (width, height))
    if np.any(high <= low):
        return
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    moved = cv2.getPerspectiveTransform(_corners(plate), (quad - low).astype(np.float32))
    flat = cv2.warpPerspective(plate.image, moved, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillConvexPoly(cover, np.round((quad - low) * 16).astype(np.int32), round(255 * plate.opacity), cv2.LINE_AA, 4)
    part = picture[low[1] : high[1], low[0] : high[0]]
    share = cover[:, :, None].astype(np.float32) / 255
    part[:] = (part + share * (flat.astype(np.float32) - part)).astype(np.uint8)


def letters_quad(plate: Plate, quad: Quad) -> Quad:
    """Where the letters of a plate are, when its corners are at `quad`."""
    x0, y0, x1, y1 = plate.letters
    moved = cv2.getPerspectiveTransform(_corners(plate), quad.astype(np.float32))
    corners = np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]], np.float32)
    return np.asarray(cv2.perspectiveTransform(corners, moved)[0], float)


def visible_shares(
    layers: Sequence[Layer], corners: Sequence[Quad | None], t: float, size: tuple[int, int]
) -> list[float]:
    """For each layer the share of its letters (0..1) that lies in the picture with nothing before it; 0 for occluders.

    Counted on a map (at half the picture's size where that is large) on which every layer leaves its number. `corners`:
    where the plates are.
    """
    scale = 0.5 if size[0] > FINE_UP_TO else 1.0
    top = np.zeros((round(size[1] * scale), round(size[0] * scale)), np.uint8)
    whole: list[float] = []
    for number, (layer, quad) in enumerate(zip(layers, corners, strict=True), 1):
        area = 0.0
        if isinstance(layer, Occluder):
            mask = np.zeros((size[1], size[0]), np.uint8)
            layer.mask(mask, t)
            top[cv2.resize(mask, (top.shape[1], top.shape[0]), interpolation=cv2.INTER_NEAREST) > 0] = 0
        elif quad is not None:
            letters = letters_quad(layer.plate, quad) * scale
            area = _pixels(letters)
            _fill(top, quad * scale, 0)
            _fill(top, letters, number)
        whole.append(area)
    seen = np.bincount(top.reshape(-1), minlength=len(layers) + 1)[1:]
    return [min(1.0, float(n) / area) if area else 0.0 for n, area in zip(seen, whole, strict=True)]


def _fill(picture: Picture, quad: Quad, value: int) -> None:
    cv2.fillConvexPoly(picture, np.round(quad * 16).astype(np.int32), value, cv2.LINE_8, 4)


def _pixels(quad: Quad) -> float:
    """How many pixels a filled quad has: its edge belongs to it, half of which lies outside (Pick's theorem)."""
    around = float(np.abs(np.roll(quad, -1, 0) - quad).max(1).sum())
    return float(cv2.contourArea(quad.astype(np.float32))) + around / 2 + 1


def _corners(plate: Plate) -> Any:
    width, height = plate.size
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
