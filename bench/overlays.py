"""What the broadcaster lays over the picture: score bug, lower third, ticker, table, sting."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from bench.cast import Word
from bench.graphics import Graphic, Layer, Occluder, Path, Picture, turned, upright
from bench.plates import Plate, text_plate
from bench.props import Scene

TEAMS = ["HAL", "VOR", "BRE", "TIL", "OST", "MAR", "KEL", "NOR"]


def score_bug(scene: Scene) -> list[Layer]:
    """The score and a clock that runs, with a sponsor's name beside them."""
    rng, (width, height) = scene.rng, scene.size
    capital = float(rng.uniform(0.017, 0.027)) * height
    home, away = (str(t) for t in rng.choice(TEAMS, 2, replace=False))
    score = f"{home} {rng.integers(4)} - {rng.integers(4)} {away}"
    plate = text_plate(score, capital, scene.cast.sober)
    word = scene.cast.sponsor()
    sponsor = text_plate(word.text, capital, word.style)
    at_right = bool(rng.random() < 0.4)
    begin, clock = 60 * int(rng.integers(5, 85)), text_plate("88:88", capital, scene.cast.sober)
    apart = round(1.3 * capital)  # else a reader takes clock and sponsor for one line, whose middle is neither's
    whole = plate.size[0] + clock.size[0] + apart + sponsor.size[0]
    x = width * 0.96 - whole if at_right else 0.04 * width
    y = 0.05 * height
    made = [_still(None, score, "scorebug", plate, x, y)]
    for second in range(int(np.ceil(scene.length))):
        told = f"{(begin + second) // 60}:{(begin + second) % 60:02}"
        shown = text_plate(told, capital, scene.cast.sober, clock.size[0])
        path = _during(second, second + 1, upright(shown, _corner(x + plate.size[0], y)))
        made.append(Graphic(None, told, "scorebug", shown, path))
    made.append(_still(word.brand, word.text, "scorebug", sponsor, x + whole - sponsor.size[0], y))
    return list(made)


def lower_third(scene: Scene) -> list[Layer]:
    """A name that slides in from the left and goes again, with a line below."""
    rng, (width, height), length = scene.rng, scene.size, scene.length
    word = scene.cast.sponsor()
    plate = text_plate(word.text, float(rng.uniform(0.038, 0.06)) * height, word.style)
    line = scene.cast.telling()
    below = text_plate(line.text, 0.028 * height, scene.cast.sober, plate.size[0])
    begin, until = float(rng.uniform(0.1, 0.2)) * length, float(rng.uniform(0.7, 0.92)) * length
    y = float(rng.uniform(0.66, 0.74)) * height

    def corner(t: float) -> tuple[float, float] | None:
        if not begin <= t <= until:
            return None
        share = float(min(1.0, (t - begin) / 0.5, (until - t) / 0.5))
        return 0.06 * width - (plate.size[0] + 0.06 * width) * (1 - share) ** 2, y

    def corner_below(t: float) -> tuple[float, float] | None:
        at = corner(t)
        return None if at is None else (at[0], y + plate.size[1])

    return [
        Graphic(word.brand, word.text, "lower_third", plate, upright(plate, corner)),
        Graphic(None, line.text, "lower_third", below, upright(below, corner_below)),
    ]


def ticker(scene: Scene) -> list[Layer]:
    """Words that crawl along the bottom; some look like brands."""
    rng, (width, height) = scene.rng, scene.size
    capital, speed = float(rng.uniform(0.022, 0.032)) * height, float(rng.uniform(0.03, 0.1)) * width
    top = round(height - 2.6 * capital)
    style = scene.cast.sober
    red, green, blue = style.ground
    made: list[Layer] = [_band(top, (blue, green, red))]
    x, end = 0.1 * width, 1.1 * width + speed * scene.length
    while x < end:
        word = _ticker_word(scene)
        plate = text_plate(word.text, capital, style)
        made.append(Graphic(word.brand, word.text, "ticker", plate, upright(plate, _crawl(x, speed, top))))
        x += plate.size[0] + 2 * capital
    return made


def table(scene: Scene) -> list[Layer]:
    """A table of names and numbers, with a sponsor at its head."""
    rng, (width, height) = scene.rng, scene.size
    word, capital = scene.cast.sponsor(), 0.034 * height
    head = text_plate(word.text, float(rng.uniform(0.04, 0.055)) * height, word.style, round(0.42 * width))
    x, y = float(rng.uniform(0.08, 0.5)) * width, 0.16 * height
    made = [_still(word.brand, word.text, "table", head, x, y)]
    y += head.size[1]
    for row in range(6):
        line = scene.cast.stranger() if row == 3 else scene.cast.telling()
        told = f"{row + 1}  {line.text}"
        plate = text_plate(told, capital * 0.85, scene.cast.sober, head.size[0])
        made.append(_still(None, told, "table", plate, x, y))
        y += plate.size[1] + 2
    return list(made)


def sting(scene: Scene) -> list[Layer]:
    """A sponsor's name that grows and turns in the middle, as between two parts of a programme."""
    rng, (width, height) = scene.rng, scene.size
    word = scene.cast.sponsor()
    plate = text_plate(word.text, 0.1 * height, word.style)
    most = min(1.0, 0.8 * width / plate.size[0])
    turn, settle = float(rng.uniform(-0.5, 0.5)), float(rng.uniform(0.25, 0.5)) * scene.length

    def path(t: float) -> tuple[float, float, float, float]:
        share = min(1.0, t / settle)
        return 0.5 * width, 0.46 * height, turn * (1 - share) ** 2, most * (0.25 + 0.75 * share) * (1 + 0.015 * t)

    return [Graphic(word.brand, word.text, "sting", plate, turned(plate, path))]


def _ticker_word(scene: Scene) -> Word:
    chance = scene.rng.random()
    if chance < 0.4:
        return scene.cast.stranger()
    return scene.cast.telling() if chance < 0.9 else scene.cast.sponsor()


def _still(brand: str | None, text: str, kind: str, plate: Plate, x: float, y: float) -> Graphic:
    return Graphic(brand, text, kind, plate, upright(plate, _corner(x, y)))


def _corner(x: float, y: float) -> Callable[[float], tuple[float, float]]:
    return lambda t: (x, y)


def _crawl(x: float, speed: float, top: float) -> Callable[[float], tuple[float, float]]:
    return lambda t: (x - speed * t, top)


def _during(begin: float, end: float, path: Path) -> Path:
    return lambda t: path(t) if begin <= t < end else None


def _band(top: int, colour: tuple[int, ...]) -> Occluder:
    def draw(picture: Picture, colour: tuple[int, ...]) -> None:
        cv2.rectangle(picture, (0, top), (picture.shape[1], picture.shape[0]), colour, -1)

    return Occluder(lambda picture, t: draw(picture, colour), lambda picture, t: draw(picture, (255,)))
