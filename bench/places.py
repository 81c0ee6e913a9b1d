"""Places that a film is set in: worlds larger than the picture, painted once a shot and then looked at by a camera."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.camera import Picture, Size
from bench.scenery import crowd_row, gradient, mow

Rng = np.random.Generator
Colour = tuple[int, ...]
"""Blue, green, red."""

Place = Callable[[Size, Rng], Picture]
"""Paints a world of a width and height."""

BASE = 0.47
"""Where the ground meets what stands behind it, as a share of the world's height: boards stand here."""


def stadium(size: Size, rng: Rng) -> Picture:
    """A stand full of people above a mown pitch."""
    width, height = size
    base = round(BASE * height)
    image = np.vstack(
        [gradient(base, width, (58, 44, 38), (92, 70, 60)), gradient(height - base, width, (58, 122, 62), (40, 96, 44))]
    )
    for row in np.linspace(0.03, 0.95, 16):
        crowd_row(image, round(row * base), height, rng)
    mow(image, base)
    chalk = (205, 226, 210)
    _line(image, (0, 0.74 * height), (width, 0.70 * height), chalk)
    _line(image, (0.3 * width, 0.73 * height), (0.18 * width, height), chalk)
    cv2.ellipse(
        image, (width // 2, height), (width // 7, height // 7), 0, 180, 360, chalk, max(2, height // 240), cv2.LINE_AA
    )
    return textured(image, rng, 7)


def hall(size: Size, rng: Rng) -> Picture:
    """A court in a dark hall: rows of people in the dark, a wooden floor that shines."""
    width, height = size
    base = round(BASE * height)
    wood = [(70, 128, 184), (92, 140, 190), (120, 92, 60), (150, 110, 84)][int(rng.integers(4))]
    floor = gradient(height - base, width, tuple(c * 3 // 4 for c in wood), wood)
    image = np.vstack([gradient(base, width, (22, 16, 14), (44, 34, 30)), floor])
    for row in np.linspace(0.2, 0.95, 11):
        crowd_row(image, round(row * base), height, rng)
    image[:base] = (image[:base] * np.linspace(0.15, 0.75, base)[:, None, None]).astype(np.uint8)
    for x in range(0, width, width // 24):
        _line(image, (x, base), (x - 0.3 * (width / 2 - x), height), tuple(c * 7 // 10 for c in wood), 1)
    _line(image, (0, 0.8 * height), (width, 0.8 * height), (236, 236, 236))
    _line(image, (0.42 * width, 0.8 * height), (0.36 * width, height), (236, 236, 236))
    return textured(image, rng, 5)


def street(size: Size, rng: Rng) -> Picture:
    """Houses with windows along a road."""
    width, height = size
    base = round((BASE + 0.12) * height)
    image = np.vstack(
        [
            gradient(base, width, (214, 190, 160), (230, 222, 212)),
            gradient(height - base, width, (92, 90, 90), (66, 64, 64)),
        ]
    )
    x = -int(rng.integers(0, width // 12))
    while x < width:
        house, top = int(rng.integers(width // 14, width // 7)), int(rng.integers(height // 14, height // 4))
        wall = tuple(int(c) for c in rng.integers(70, 190) * np.array([0.8, 0.95, 1.0]) * rng.uniform(0.85, 1.1, 3))
        cv2.rectangle(image, (x, top), (x + house, base), wall, -1)
        _windows(image, (x, top, x + house, base), rng)
        x += house
    cv2.rectangle(image, (0, base), (width, base + height // 16), (150, 152, 156), -1)
    for x in range(0, width, width // 12):
        _line(image, (x, 0.86 * height), (x + width / 24, 0.86 * height), (200, 210, 214))
    return textured(image, rng, 7)


def circuit(size: Size, rng: Rng) -> Picture:
    """A race track: hills, trees, a kerb, asphalt."""
    width, height = size
    base = round(BASE * height)
    sky = gradient(base, width, (210, 150, 90), (232, 214, 190))
    image = np.vstack([sky, gradient(height - base, width, (70, 128, 84), (58, 108, 70))])
    for level, rise, colour in ((0.30, 0.12, (150, 136, 110)), (0.38, 0.08, (96, 118, 84)), (0.44, 0.05, (52, 84, 50))):
        x = np.arange(width)
        waves: Any = sum(np.sin(n * x / width * 6.28 + rng.uniform(0, 6.3)) / n for n in (2, 3, 7, 19))
        ridge = np.column_stack([x, height * (level - rise * (waves + 0.6) / 3)])
        outline = np.vstack([ridge, [[width, base], [0, base]]])
        cv2.fillPoly(image, [outline.astype(np.int32)], colour, cv2.LINE_AA)
    road = round(0.66 * height)
    image[road:] = gradient(height - road, width, (84, 82, 80), (62, 60, 58))
    step = width // 40
    for n, x in enumerate(range(0, width, step)):
        colour = (40, 36, 190) if n % 2 else (230, 232, 236)
        cv2.rectangle(image, (x, road - height // 60), (x + step, road), colour, -1)
    return textured(image, rng, 6)


def studio_wall(size: Size, rng: Rng) -> Picture:
    """A wall in soft coloured light, as behind somebody who speaks."""
    width, height = size
    top, bottom = ([int(c) for c in rng.integers(20, 120, 3)] for _ in range(2))
    small = gradient(height // 4, width // 4, tuple(top), tuple(bottom))
    for _ in range(12):
        light = small.copy()
        colour = tuple(int(c) for c in rng.integers(60, 230, 3))
        at = (int(rng.integers(0, width // 4)), int(rng.integers(0, height // 4)))
        cv2.circle(light, at, int(rng.integers(width // 90, width // 24)), colour, -1, cv2.LINE_AA)
        small = cv2.addWeighted(light, 0.35, small, 0.65, 0)
    small = cv2.GaussianBlur(small, (0, 0), max(1.0, width / 400))
    return textured(np.asarray(cv2.resize(small, size), np.uint8), rng, 3)


PLACES: dict[str, Place] = {
    "stadium": stadium,
    "hall": hall,
    "street": street,
    "circuit": circuit,
    "studio": studio_wall,
}


def textured(image: Picture, rng: Rng, strength: float) -> Picture:
    """With the unevenness of real things: noise of several sizes."""
    height, width = image.shape[:2]
    uneven: NDArray[np.float32] = np.zeros((height, width), np.float32)
    for cell in (2, 7, 30):
        coarse = rng.normal(0, 1, (height // cell + 2, width // cell + 2)).astype(np.float32)
        uneven += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    changed = image.astype(np.float32) + strength * uneven[:, :, None]
    return np.asarray(np.clip(changed, 0, 255), np.uint8)


def _line(
    image: Picture, a: tuple[float, float], b: tuple[float, float], colour: Colour, thickness: int | None = None
) -> None:
    ends = [(round(x), round(y)) for x, y in (a, b)]
    cv2.line(image, *ends, colour, thickness or max(2, image.shape[0] // 200), cv2.LINE_AA)


def _windows(image: Picture, house: tuple[int, int, int, int], rng: Rng) -> None:
    left, top, right, bottom = house
    across, down = max(2, (right - left) // 44), max(2, (bottom - top) // 60)
    wide, high = (right - left) / across, (bottom - top) / down
    for i in range(across):
        for j in range(down):
            x, y = left + wide * (i + 0.25), top + high * (j + 0.25)
            pane = tuple(int(c) for c in rng.uniform(0.3, 1.2) * np.array([104, 92, 80]))
            cv2.rectangle(image, (round(x), round(y)), (round(x + wide / 2), round(y + high / 2)), pane, -1)
            cv2.line(
                image, (round(x), round(y + high / 2)), (round(x + wide / 2), round(y + high / 2)), (220, 224, 226), 1
            )
