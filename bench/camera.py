"""A camera over a world that is painted larger than the picture: it pans, zooms and shakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Size = tuple[int, int]
"""Width and height, pixels."""

WIDER, HIGHER = 1.6, 1.12
"""How much larger than the picture the world is painted."""
SWEEP_S = 2.4
"""A camera that sweeps needs so many seconds from side to side, or no viewer could read what passes."""


@dataclass(frozen=True)
class Camera:
    """Where the camera looks. `at(t)`: the world's point at the picture's top left, and the zoom (1 or more)."""

    size: Size
    at: Callable[[float], tuple[float, float, float]]

    @property
    def world(self) -> Size:
        """Width and height of the world, pixels."""
        return round(self.size[0] * WIDER), round(self.size[1] * HIGHER)

    def seen(self, points: NDArray[np.float64], t: float) -> NDArray[np.float64]:
        """Points of the world (N, 2) in the picture at `t`."""
        x, y, zoom = self.at(t)
        return np.asarray((points - (x, y)) * zoom)

    def look(self, world: Picture, t: float) -> Picture:
        """The picture of the world at `t`."""
        x, y, zoom = self.at(t)
        moved = np.array([[zoom, 0, -zoom * x], [0, zoom, -zoom * y]])
        return np.asarray(cv2.warpAffine(world, moved, self.size, flags=cv2.INTER_LINEAR), np.uint8)

    def speed(self, t: float) -> tuple[float, float]:
        """How fast what is in the middle of the picture moves, pixels a second."""
        x, y, zoom = self.at(t)
        middle = np.array([[x + self.size[0] / 2 / zoom, y + self.size[1] / 2 / zoom]])
        step = 0.02
        moved = (self.seen(middle, t + step) - self.seen(middle, t))[0] / step
        return float(moved[0]), float(moved[1])


def draw_camera(size: Size, length: float, rng: np.random.Generator, move: str) -> Camera:
    """A camera for a shot of `length` seconds. `move`: still, drift, pan, sweep (to and fro, fast) or zoom."""
    width, height = size
    room_x, room_y = width * (WIDER - 1), height * (HIGHER - 1)
    shake = float(rng.uniform(0.0004, 0.0018)) * width * (move != "still")
    phases = rng.uniform(0, 6.28, 4)
    begin, end = float(rng.uniform(0.02, 0.25)), float(rng.uniform(0.75, 0.98))
    if rng.random() < 0.5:
        begin, end = end, begin
    if move in ("still", "drift"):
        end = begin + (end - begin) * (0.12 if move == "drift" else 0)
    zooms = (1.0, float(rng.uniform(1.35, 1.7))) if move == "zoom" else (1.0, 1.0)
    if rng.random() < 0.5:
        zooms = zooms[::-1]
    turns = max(1.0, min(float(rng.uniform(2, 3.4)), length / SWEEP_S)) if move == "sweep" else 1.0

    def at(t: float) -> tuple[float, float, float]:
        share = min(1.0, max(0.0, t / length))
        eased = (1 - np.cos(np.pi * share * turns)) / 2
        zoom = zooms[0] + (zooms[1] - zooms[0]) * eased
        x = room_x * (begin + (end - begin) * eased) + width * (1 - 1 / zoom) / 2
        y = room_y / 2 + height * (1 - 1 / zoom) * 0.45
        x += shake * (np.sin(2.3 * t + phases[0]) + 0.5 * np.sin(5.9 * t + phases[1]))
        y += shake * (np.sin(1.9 * t + phases[2]) + 0.5 * np.sin(6.7 * t + phases[3]))
        return float(x), float(y), float(zoom)

    return Camera(size, at)


def smear(picture: Picture, speed: tuple[float, float], exposure: float) -> Picture:
    """A picture as it is when it moves at `speed` (pixels a second) while it is exposed (seconds)."""
    dx, dy = speed[0] * exposure, speed[1] * exposure
    length = float(np.hypot(dx, dy))
    if length < 0.7:
        return picture
    reach = int(np.ceil(max(abs(dx), abs(dy)) / 2))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for share in np.linspace(-0.5, 0.5, 8 * reach + 1):
        kernel[round(reach + dy * share), round(reach + dx * share)] += 1
    kernel = kernel[np.ix_(kernel.any(1), kernel.any(0))]
    if kernel.shape[0] % 2 == 0 or kernel.shape[1] % 2 == 0:
        kernel = np.pad(kernel, ((0, 1 - kernel.shape[0] % 2), (0, 1 - kernel.shape[1] % 2)))
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE), np.uint8)
