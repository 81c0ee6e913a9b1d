"""What stands before the graphics: players and a tree; and the posts that a billboard stands on."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from bench.graphics import Occluder, Path, Picture

Colour = tuple[int, ...]
"""Blue, green, red."""

Paint = Callable[[Picture, float, tuple[Colour, ...]], None]
"""Draws something into a picture, `t` seconds into the shot, its parts in these colours."""

MASK: Colour = (255,)


def occluder(paint: Paint, colours: tuple[Colour, ...]) -> Occluder:
    """What paints itself in colours, and for its mask in one."""
    masked = (MASK,) * len(colours)
    return Occluder(lambda picture, t: paint(picture, t, colours), lambda picture, t: paint(picture, t, masked))


def player(size: tuple[int, int], rng: np.random.Generator, number: int, length: float) -> Occluder:
    """A player who runs to and fro over the pitch, before the boards."""
    width, height = size
    tall = float(rng.uniform(0.24, 0.3)) * height
    start = float(rng.uniform(0.1, 0.8)) * width
    speed = float(rng.choice([-1, 1]) * rng.uniform(0.04, 0.09)) * width
    foot = float(rng.uniform(0.64, 0.72)) * height

    def paint(picture: Picture, t: float, colours: tuple[Colour, ...]) -> None:
        shirt, skin, shorts = colours
        x, stride = start + speed * (t - length / 2), float(np.sin(9 * t + number)) * tall
        hip = _at(x, foot - 0.46 * tall)
        for side in (-1, 1):
            knee, heel = _at(x + side * 0.14 * stride, foot - 0.2 * tall), _at(x + side * 0.2 * stride, foot)
            cv2.line(picture, hip, knee, shorts, round(0.1 * tall), cv2.LINE_AA)
            cv2.line(picture, knee, heel, skin, round(0.07 * tall), cv2.LINE_AA)
        body = (round(0.13 * tall), round(0.22 * tall))
        cv2.ellipse(picture, _at(x, foot - 0.62 * tall), body, 0, 0, 360, shirt, -1, cv2.LINE_AA)
        cv2.circle(picture, _at(x, foot - 0.91 * tall), round(0.08 * tall), skin, -1, cv2.LINE_AA)

    shirt = ((60, 60, 214), (238, 238, 240), (60, 60, 214))[number % 3]
    return occluder(paint, (shirt, (108, 150, 196), (70, 30, 30)))


def tree(size: tuple[int, int]) -> Occluder:
    """A tree near the road, which passes faster than what stands behind it."""
    width, height = size

    def paint(picture: Picture, t: float, colours: tuple[Colour, ...]) -> None:
        wood, leaf = colours
        x = 1.3 * width - 0.45 * width * t
        cv2.line(picture, _at(x, 0.3 * height), _at(x, 0.8 * height), wood, max(3, width // 90), cv2.LINE_AA)
        for dx, dy, radius in ((0.0, 0.2, 0.1), (-0.035, 0.26, 0.08), (0.035, 0.27, 0.08)):
            at = _at(x + dx * width, dy * height)
            cv2.circle(picture, at, round(radius * height), leaf, -1, cv2.LINE_AA)

    return occluder(paint, ((34, 44, 58), (46, 74, 52)))


def posts(path: Path) -> Occluder:
    """Two posts under what moves along the path. They are behind it and hide nothing."""

    def draw(picture: Picture, t: float) -> None:
        quad = path(t)
        if quad is None:
            return
        height, width = picture.shape[:2]
        for share in (0.2, 0.8):
            x, y = (1 - share) * quad[3] + share * quad[2]
            cv2.line(picture, _at(x, y), _at(x, 0.78 * height), (44, 42, 40), max(3, width // 110), cv2.LINE_AA)

    return Occluder(draw, lambda picture, t: None)


def _at(x: float, y: float) -> tuple[int, int]:
    return round(float(x)), round(float(y))
