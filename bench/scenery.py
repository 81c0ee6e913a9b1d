"""What lies behind the graphics: three places, painted once and moved past the camera."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Ground = Callable[[float], Picture]
"""The picture behind everything, `t` seconds into the shot; a fresh copy that may be drawn on."""

WIDER = 1.5
"""How much wider than the picture a panorama is painted."""


def pitch(size: tuple[int, int], rng: np.random.Generator) -> Ground:
    """A stand full of people above a mown pitch; the camera pans."""
    width, height = size
    wide = round(width * WIDER)
    image = np.zeros((height, wide, 3), np.uint8)
    stand = round(0.44 * height)
    image[:stand] = gradient(stand, wide, (58, 44, 38), (92, 70, 60))
    for row in np.linspace(0.03, 0.93, 15):
        crowd_row(image, round(row * stand), height, rng)
    image[stand:] = gradient(height - stand, wide, (60, 128, 66), (44, 104, 48))
    mow(image, stand)
    cv2.line(
        image,
        (0, round(0.71 * height)),
        (wide, round(0.66 * height)),
        (205, 226, 210),
        max(2, height // 180),
        cv2.LINE_AA,
    )
    return _panning(image, width, 0.035 * width)


def studio(size: tuple[int, int], rng: np.random.Generator) -> Ground:
    """A dark studio with soft lights that drift."""
    width, height = size
    base = gradient(height, width, (64, 30, 20), (30, 14, 12))
    lights = [
        (
            rng.uniform(0, width),
            rng.uniform(0, 0.8 * height),
            rng.uniform(0.03, 0.11) * width,
            rng.uniform(-1, 1),
            _glow(rng),
        )
        for _ in range(14)
    ]
    desk = np.array([[0, height], [0.0, 0.86 * height], [width, 0.8 * height], [width, height]])

    def ground(t: float) -> Picture:
        small = cv2.resize(base, (width // 4, height // 4))
        for x, y, radius, drift, colour in lights:
            centre = (round((x + drift * 0.05 * width * t) / 4), round(y / 4))
            light = small.copy()
            cv2.circle(light, centre, round(radius / 4), colour, -1, cv2.LINE_AA)
            small = cv2.addWeighted(light, 0.35, small, 0.65, 0)
        small = cv2.GaussianBlur(small, (0, 0), max(1.0, width / 320))
        picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
        cv2.fillPoly(picture, [desk.astype(np.int32)], (38, 24, 20), cv2.LINE_AA)
        cv2.line(
            picture,
            (0, round(0.86 * height)),
            (width, round(0.8 * height)),
            (150, 120, 96),
            max(1, height // 240),
            cv2.LINE_AA,
        )
        return np.asarray(picture, np.uint8)

    return ground


def coast(size: tuple[int, int], rng: np.random.Generator) -> Ground:
    """Hills and a road in the evening, passing at different speeds."""
    width, height = size
    middle = round(0.42 * height)
    sky = np.vstack(
        [
            gradient(middle, width, (160, 104, 56), (176, 160, 208)),
            gradient(height - middle, width, (176, 160, 208), (96, 170, 250)),
        ]
    )
    cv2.circle(sky, (round(0.72 * width), round(0.36 * height)), round(0.07 * height), (190, 228, 255), -1, cv2.LINE_AA)
    ridges = [
        (_ridge(width, height * base, height * rise, rng), speed, colour)
        for base, rise, speed, colour in (
            (0.50, 0.10, 0.02, (140, 110, 96)),
            (0.60, 0.08, 0.06, (104, 82, 62)),
            (0.69, 0.05, 0.14, (66, 66, 44)),
        )
    ]
    road = round(0.76 * height)

    def ground(t: float) -> Picture:
        picture = sky.copy()
        for line, speed, colour in ridges:
            shown = np.roll(line, -round(speed * width * t))[:width]
            outline = np.column_stack([np.arange(width), shown])
            cv2.fillPoly(
                picture, [np.vstack([outline, [[width, height], [0, height]]]).astype(np.int32)], colour, cv2.LINE_AA
            )
        picture[road:] = (58, 54, 52)
        _dashes(picture, round(0.88 * height), -0.5 * width * t)
        return picture

    return ground


def gradient(height: int, width: int, top: tuple[int, ...], bottom: tuple[int, ...]) -> Picture:
    """A picture that goes from one colour (blue, green, red) at its top to another at its bottom."""
    share = np.linspace(0, 1, height)[:, None, None]
    rows = (1 - share) * np.array(top) + share * np.array(bottom)
    return np.ascontiguousarray(np.broadcast_to(rows, (height, width, 3)).astype(np.uint8))


def crowd_row(image: Picture, y: int, height: int, rng: np.random.Generator) -> None:
    """A row of people, as wide as the image; `height` is that of the picture they are seen in."""
    radius = max(2, height // 90)
    for x in range(0, image.shape[1], round(2.6 * radius)):
        colour = tuple(int(c) for c in rng.integers(60, 190, 3) * rng.uniform(0.5, 1))
        at = (x + int(rng.integers(-radius, radius + 1)), y + int(rng.integers(-1, 2)))
        cv2.circle(image, at, radius, colour, -1, cv2.LINE_AA)
        cv2.circle(image, (at[0], at[1] - radius), max(1, round(0.6 * radius)), (120, 150, 190), -1, cv2.LINE_AA)


def mow(image: Picture, top: int) -> None:
    """Stripes of mown grass below `top`."""
    step = image.shape[1] // 12
    for n in range(0, 14, 2):
        stripe = np.array(
            [
                [n * step, top],
                [(n + 1) * step, top],
                [(n + 1) * step - step, image.shape[0]],
                [n * step - step, image.shape[0]],
            ]
        )
        shade = image.copy()
        cv2.fillPoly(shade, [stripe.astype(np.int32)], (70, 146, 78), cv2.LINE_AA)
        cv2.addWeighted(shade, 0.5, image, 0.5, 0, image)


def _panning(image: Picture, width: int, speed: float) -> Ground:
    room = image.shape[1] - width

    def ground(t: float) -> Picture:
        left = round(room / 2 + room / 2 * np.sin(2 * speed * t / max(1, room)))
        return image[:, left : left + width].copy()

    return ground


def _glow(rng: np.random.Generator) -> tuple[int, ...]:
    colours = ((210, 130, 60), (160, 80, 150), (90, 130, 220), (200, 180, 90))
    return colours[int(rng.integers(len(colours)))]


def _ridge(width: int, base: float, rise: float, rng: np.random.Generator) -> NDArray[Any]:
    x = np.arange(2 * width) / (2 * width) * 2 * np.pi
    waves = sum(np.sin(n * x + rng.uniform(0, 6.3)) / n for n in (3, 5, 8, 13))
    return np.asarray(base - rise * (waves + 1) / 2)


def _dashes(picture: Picture, y: int, shift: float) -> None:
    length = picture.shape[1] // 10
    thickness = max(2, picture.shape[0] // 120)
    for x in range(-2 * length, picture.shape[1] + 2 * length, 2 * length):
        left = round(x + shift % (2 * length))
        cv2.line(picture, (left, y), (left + length, y), (170, 190, 196), thickness, cv2.LINE_AA)
