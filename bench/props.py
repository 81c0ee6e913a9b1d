"""What carries lettering in the world that the camera looks at: boards, a wall, billboards, vans, patches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.camera import Camera
from bench.cast import Cast
from bench.graphics import Graphic, Layer, Path, Quad
from bench.occluders import posts
from bench.people import bust, flag, pole, runner, van
from bench.places import BASE
from bench.plates import Plate, text_plate


@dataclass(frozen=True)
class Scene:
    """What a shot is made with: `size` in pixels, `length` in seconds."""

    size: tuple[int, int]
    length: float
    camera: Camera
    cast: Cast
    rng: np.random.Generator


def boards(scene: Scene) -> list[Layer]:
    """Boards along the ground in perspective; at times they show other sponsors from the middle of the shot."""
    rng, (wide, high) = scene.rng, scene.camera.world
    tall, letters = float(rng.uniform(0.06, 0.09)) * high, float(rng.uniform(0.4, 0.56))
    slope, far = float(rng.uniform(-0.04, 0.04)), float(rng.uniform(0.82, 1.0))
    foot = (BASE + float(rng.uniform(0.0, 0.05))) * high

    def upright(x: float) -> tuple[float, float]:
        """Top and bottom of the strip of boards at a place."""
        height = tall * (far + (1 - far) * x / wide)
        bottom = foot + slope * (x - wide / 2)
        return bottom - height, bottom

    change = float(rng.uniform(0.4, 0.6)) * scene.length if rng.random() < 0.35 else None
    spans = [(0.0, change), (change, scene.length)] if change else [(0.0, scene.length)]
    made: list[Layer] = []
    for begin, end in spans:
        x, turn, last = 0.0, int(rng.integers(4)), begin == spans[-1][0]
        while x < wide:
            word = scene.cast.stranger() if turn % 4 == 3 else scene.cast.sponsor()
            plate = text_plate(word.text, tall * letters, word.style, round(2.6 * tall))
            right = x + tall * plate.size[0] / plate.size[1] * 1.04
            (top, bottom), (top_right, bottom_right) = upright(x), upright(right)
            quad = np.array([[x, top], [right, top_right], [right, bottom_right], [x, bottom]])
            shown = _shown(scene.camera, quad, begin, None if last else end)
            made.append(Graphic(word.brand, word.text, "board", plate, shown))
            x, turn = right + 0.1 * tall, turn + 1
    return made


def wall(scene: Scene) -> list[Layer]:
    """A wall of sponsors' names behind somebody who is interviewed."""
    rng, camera = scene.rng, scene.camera
    x, y, zoom = camera.at(0)
    letters = float(rng.uniform(0.022, 0.034)) * scene.size[1]
    words = [scene.cast.sponsor() for _ in range(3)] + [scene.cast.stranger()]
    plates = [text_plate(w.text, letters, w.style, round(0.2 * scene.size[0])) for w in words]
    across = max(p.size[0] for p in plates) * 1.12
    made: list[Layer] = []
    for row in range(3):
        for column in range(-1, int(camera.world[0] / across) + 1):
            n = (row * 2 + column) % len(words)
            middle = ((column + 0.5 + 0.5 * (row % 2)) * across, y + (0.16 + 0.19 * row) * scene.size[1])
            quad = _box(plates[n], middle)
            made.append(Graphic(words[n].brand, words[n].text, "wall", plates[n], _shown(camera, quad)))
    middle_x = x + scene.size[0] / zoom * float(rng.uniform(0.35, 0.6))
    sway, phase = float(rng.uniform(0.03, 0.09)) * scene.size[0], float(rng.uniform(0, 6))
    head = float(rng.uniform(0.14, 0.18)) * scene.size[1]

    def chin(t: float) -> tuple[float, float]:
        return middle_x + sway * float(np.sin(0.9 * t + phase)), y + 0.56 * scene.size[1] + 4 * float(np.sin(2.1 * t))

    return [*made, bust(camera, chin, head, rng)]


def billboards(scene: Scene) -> list[Layer]:
    """Large boards at the roadside, turned away a little, with poles that pass before them."""
    rng, (wide, high) = scene.rng, scene.camera.world
    made: list[Layer] = []
    for place in (0.22, 0.52, 0.82):
        word = scene.cast.sponsor() if rng.random() < 0.75 else scene.cast.stranger()
        plate = text_plate(word.text, float(rng.uniform(0.034, 0.062)) * high, word.style)
        middle = ((place + float(rng.uniform(-0.04, 0.04))) * wide, float(rng.uniform(0.25, 0.42)) * high)
        quad = _box(plate, middle)
        turned, tilt = float(rng.uniform(-0.16, 0.16)), float(rng.uniform(-0.05, 0.05))
        centre, height = quad.mean(0), plate.size[1]
        quad[[0, 3], 1] += np.array([-1, 1]) * turned * height
        quad[:, 1] += tilt * (quad[:, 0] - centre[0])
        path = _shown(scene.camera, quad)
        made += [posts(path), Graphic(word.brand, word.text, "billboard", plate, path)]
    poles = [pole(scene.camera, float(rng.uniform(0.1, 2.0)) * wide, 0.016 * wide) for _ in range(4)]
    return [*made, *poles]


def passing_van(scene: Scene) -> list[Layer]:
    """A van with a sponsor's name on its side, which drives through."""
    rng, camera = scene.rng, scene.camera
    word = scene.cast.sponsor()
    plate = text_plate(word.text, 0.045 * scene.size[1], word.style)
    wide = 1.6 * plate.size[0]
    foot = float(rng.uniform(0.74, 0.82)) * scene.size[1]
    start, speed = float(rng.uniform(0.1, 0.5)), float(rng.uniform(0.1, 0.18))

    def at(t: float) -> tuple[float, float]:
        return (start + speed * (t - scene.length / 3)) * camera.world[0], foot

    def side(t: float) -> Quad:
        x, y = at(t)
        return camera.seen(_box(plate, (x - 0.12 * wide, y - 0.27 * wide)), t)

    red, green, blue = word.style.ground
    return [
        van(camera, at, wide, (blue, green, red)),
        Graphic(word.brand, word.text, "van", plate, side),
    ]


def worn_patch(scene: Scene) -> list[Layer]:
    """A patch on the chest of somebody who moves: it turns, and comes nearer and goes."""
    rng, camera = scene.rng, scene.camera
    word = scene.cast.sponsor()
    plate = text_plate(word.text, float(rng.uniform(0.03, 0.045)) * scene.size[1], word.style)
    half = np.array(plate.size) / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    x, y, zoom = camera.at(scene.length / 2)
    home = np.array([x + float(rng.uniform(0.25, 0.75)) * scene.size[0] / zoom, y + 0.3 * scene.size[1]])
    reach, pace = float(rng.uniform(0.03, 0.1)) * scene.size[0], float(rng.uniform(0.5, 1.1))
    swing, phase = float(rng.uniform(0.15, 0.42)), float(rng.uniform(0, 6))
    head = max(0.13 * scene.size[1], 0.45 * plate.size[0])

    def chin(t: float) -> tuple[float, float]:
        return float(home[0] + reach * np.sin(pace * t + phase)), float(home[1] + 0.2 * reach * np.sin(1.7 * pace * t))

    def path(t: float) -> Quad:
        angle = swing * np.sin(1.3 * pace * t + phase)
        cos, sin = np.cos(angle), np.sin(angle)
        grown = 1 + 0.12 * np.sin(0.8 * pace * t)
        placed = grown * corners @ np.array([[cos, sin], [-sin, cos]]) + chin(t) + (0, 1.15 * head)
        return camera.seen(placed, t)

    return [bust(camera, chin, head, rng), Graphic(word.brand, word.text, "patch", plate, path)]


def runners(scene: Scene) -> list[Layer]:
    """Players who run before the boards, some of them to and fro."""
    return [_runner(scene) for _ in range(int(scene.rng.integers(5, 10)))]


def passers_by(scene: Scene) -> list[Layer]:
    """People near the camera, who walk through the picture before everything else."""
    rng, (wide, high) = scene.rng, scene.camera.world
    made: list[Layer] = []
    for _ in range(int(rng.integers(1, 4))):
        tall, when, towards = rng.uniform(0.7, 0.95) * high, rng.uniform(0, scene.length), rng.choice([-1, 1])
        made.append(runner(scene.camera, _walk(0.5 * wide, towards * 0.16 * wide, when, 1.05 * high), tall, rng, 5))
    return made


def flags(scene: Scene) -> list[Layer]:
    """Flags that are waved low in the picture."""
    rng, camera = scene.rng, scene.camera
    foot = [(float(rng.uniform(0.1, 0.9)) * camera.world[0], 0.86 * camera.world[1]) for _ in range(2)]
    return [flag(camera, _fixed(at), float(rng.uniform(0.1, 0.16)) * scene.size[0], rng) for at in foot]


def _runner(scene: Scene) -> Layer:
    rng, (wide, high) = scene.rng, scene.camera.world
    tall, foot = float(rng.uniform(0.22, 0.38)) * high, float(rng.uniform(0.57, 0.72)) * high
    start, reach, pace = rng.uniform(0.1, 0.9), rng.uniform(0.08, 0.3), rng.uniform(0.3, 0.8)
    phase = float(rng.uniform(0, 6))

    def at(t: float) -> tuple[float, float]:
        return float((start + reach * np.sin(pace * t + phase)) * wide), foot

    return runner(scene.camera, at, tall, rng)


def _walk(middle: float, speed: float, when: float, foot: float) -> Callable[[float], tuple[float, float]]:
    """Somebody's way who is in the middle at a time."""
    return lambda t: (float(middle + speed * (t - when)), float(foot))


def _fixed(at: tuple[float, float]) -> Callable[[float], tuple[float, float]]:
    return lambda t: at


def _box(plate: Plate, middle: tuple[float, float]) -> Quad:
    half = np.array(plate.size) / 2
    return np.asarray(np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half + middle, float)


def _shown(camera: Camera, quad: Quad, begin: float = 0.0, end: float | None = None) -> Path:
    """The path of what stands at a place of the world, from `begin` until before `end`."""

    def path(t: float) -> Quad | None:
        return camera.seen(quad, t) if begin <= t and (end is None or t < end) else None

    return path
