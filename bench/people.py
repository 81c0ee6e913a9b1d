"""Who and what passes before the camera, in the world it looks at: players, heads, poles, flags, vans."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.camera import Camera
from bench.graphics import Occluder, Picture
from bench.occluders import Colour, occluder

Rng = np.random.Generator
Place = Callable[[float], tuple[float, float]]
"""Where something stands in the world at a time, pixels."""

SKINS = ((108, 150, 196), (88, 122, 168), (60, 84, 120), (140, 176, 216))
SHIRTS = ((60, 60, 214), (238, 238, 240), (170, 90, 30), (40, 170, 230), (40, 40, 44), (80, 140, 40), (150, 40, 110))


def runner(camera: Camera, at: Place, tall: float, rng: Rng, pace: float = 9) -> Occluder:
    """Somebody who runs; `at` is the ground between the feet, `tall` the height in the world's pixels, `pace` that of
    the legs."""
    pace, lean = pace * float(rng.uniform(0.8, 1.2)), float(rng.uniform(-0.06, 0.06))
    phase = float(rng.uniform(0, 6))

    def paint(picture: Picture, t: float, colours: tuple[Colour, ...]) -> None:
        shirt, skin, shorts = colours
        foot, scale = _seen(camera, at, t)
        h, swing = tall * scale, float(np.sin(pace * t + phase))
        for side in (-1, 1):
            hip = _by(foot, 0, -0.47 * h)
            knee, heel = _by(foot, side * 0.12 * h * swing, -0.24 * h), _by(foot, side * 0.2 * h * swing, 0)
            _limb(picture, hip, knee, shorts, 0.1 * h)
            _limb(picture, knee, heel, skin, 0.07 * h)
            shoulder = _by(foot, lean * h, -0.76 * h)
            elbow = _by(shoulder, -side * 0.14 * h * swing, 0.16 * h)
            _limb(picture, shoulder, elbow, shirt, 0.07 * h)
            _limb(picture, elbow, _by(elbow, -side * 0.06 * h, 0.13 * h), skin, 0.05 * h)
        _blob(picture, _by(foot, lean * h * 0.6, -0.63 * h), (0.115 * h, 0.2 * h), shirt)
        _blob(picture, _by(foot, lean * h, -0.91 * h), (0.065 * h, 0.08 * h), skin)

    shirt = SHIRTS[int(rng.integers(len(SHIRTS)))]
    return occluder(paint, (shirt, SKINS[int(rng.integers(len(SKINS)))], (70, 30, 30)))


def bust(camera: Camera, at: Place, wide: float, rng: Rng) -> Occluder:
    """Head and shoulders of somebody near; `at` is the chin, `wide` the width of the head in the world's pixels."""

    def paint(picture: Picture, t: float, colours: tuple[Colour, ...]) -> None:
        coat, skin, hair = colours
        chin, scale = _seen(camera, at, t)
        w = wide * scale
        _blob(picture, _by(chin, 0, 2.4 * w), (1.35 * w, 2.0 * w), coat)
        _limb(picture, _by(chin, 0, 2.6 * w), _by(chin, 0, 9 * w), coat, 2.65 * w)
        _limb(picture, _by(chin, 0, -0.3 * w), _by(chin, 0, 0.4 * w), skin, 0.5 * w)
        _blob(picture, _by(chin, 0, -0.72 * w), (0.56 * w, 0.76 * w), hair)
        _blob(picture, _by(chin, 0, -0.58 * w), (0.5 * w, 0.66 * w), skin)

    hair = ((26, 30, 40), (40, 70, 110), (120, 150, 180), (20, 20, 22))[int(rng.integers(4))]
    coat = SHIRTS[int(rng.integers(len(SHIRTS)))]
    return occluder(paint, (coat, SKINS[int(rng.integers(len(SKINS)))], hair))


def pole(camera: Camera, x: float, thick: float, nearer: float = 1.5) -> Occluder:
    """A pole nearer than what it hides, which the camera passes `nearer` times as fast."""

    def paint(picture: Picture, t: float, colours: tuple[Colour, ...]) -> None:
        left, _, zoom = camera.at(t)
        shown = round((x - left * nearer) * zoom)
        half = max(1, round(thick * zoom / 2))
        cv2.rectangle(picture, (shown - half, 0), (shown + half, picture.shape[0]), colours[0], -1)
        cv2.rectangle(picture, (shown - half, 0), (shown - half // 2, picture.shape[0]), colours[1], -1)

    return occluder(paint, ((88, 90, 92), (134, 136, 138)))


def flag(camera: Camera, at: Place, wide: float, rng: Rng) -> Occluder:
    """A flag that is waved; `at` is the foot of its stick."""
    pace, phase = float(rng.uniform(2, 4)), float(rng.uniform(0, 6))

    def paint(picture: Picture, t: float, colours: tuple[Colour, ...]) -> None:
        foot, scale = _seen(camera, at, t)
        w = wide * scale
        tip = _by(foot, 0.5 * w * np.sin(pace * t + phase), -1.3 * w)
        _limb(picture, foot, tip, (70, 90, 100) if len(colours[0]) == 3 else colours[0], 0.03 * w)
        along = np.linspace(0, 1, 12)
        wave = 0.09 * w * np.sin(7 * t + 5 * along) * along
        upper = np.column_stack([tip[0] + along * w, tip[1] + wave])
        lower = _by(upper[::-1], 0, 0.62 * w)
        cv2.fillPoly(picture, [np.round(np.vstack([upper, lower])).astype(np.int32)], colours[0], cv2.LINE_AA)
        stripe = np.vstack([_by(upper, 0, 0.22 * w), _by(upper[::-1], 0, 0.4 * w)])
        cv2.fillPoly(picture, [np.round(stripe).astype(np.int32)], colours[1], cv2.LINE_AA)

    first, second = rng.choice(len(SHIRTS), 2, replace=False)
    return occluder(paint, (SHIRTS[int(first)], SHIRTS[int(second)]))


def van(camera: Camera, at: Place, wide: float, colour: Colour) -> Occluder:
    """A delivery van; `at` is the ground under its middle. Lettering goes onto its side, which is plain."""

    def paint(picture: Picture, t: float, colours: tuple[Colour, ...]) -> None:
        body, glass, tyre = colours
        foot, scale = _seen(camera, at, t)
        w = wide * scale
        box = [(-0.5, -0.46), (0.3, -0.46), (0.44, -0.26), (0.5, -0.22), (0.5, -0.06), (-0.5, -0.06)]
        pane = [(0.31, -0.42), (0.42, -0.27), (0.31, -0.27)]
        for shape, fill in ((box, body), (pane, glass)):
            cv2.fillPoly(picture, [np.round(foot + np.array(shape) * w).astype(np.int32)], fill, cv2.LINE_AA)
        for x in (-0.3, 0.3):
            _blob(picture, _by(foot, x * w, -0.06 * w), (0.075 * w, 0.075 * w), tyre)

    return occluder(paint, (colour, (90, 80, 70), (24, 24, 26)))


def _seen(camera: Camera, at: Place, t: float) -> tuple[NDArray[np.float64], float]:
    return camera.seen(np.array([at(t)]), t)[0], camera.at(t)[2]


def _by(points: NDArray[np.float64], dx: float, dy: float) -> NDArray[np.float64]:
    return points + np.array([dx, dy])


def _limb(picture: Picture, a: NDArray[np.float64], b: NDArray[np.float64], colour: Colour, thick: float) -> None:
    ends = [(round(float(p[0])), round(float(p[1]))) for p in (a, b)]
    cv2.line(picture, *ends, colour, max(1, round(thick)), cv2.LINE_AA)


def _blob(picture: Picture, at: NDArray[np.float64], axes: tuple[float, float], colour: Colour) -> None:
    centre = (round(float(at[0])), round(float(at[1])))
    cv2.ellipse(picture, centre, (max(1, round(axes[0])), max(1, round(axes[1]))), 0, 0, 360, colour, -1, cv2.LINE_AA)
