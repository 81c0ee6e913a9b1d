"""The demo film's shots: a place with its graphics. Sizes are shares of the picture, so that none matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.film import Shot
from bench.graphics import Graphic, Layer, Quad, turned, upright
from bench.occluders import player, posts, tree
from bench.plates import STYLES, Plate, Style, text_plate
from bench.scenery import coast, pitch, studio

LOOK_ALIKES = ("NORDIC", "ALTITUDE", "VOLTAGE", "LUMINA", "KESTREL BAY")
QUIET = Style((28, 30, 36), (214, 218, 224), weight=0.0, space=0.45)
CLOCK = Style((240, 240, 240), (24, 26, 32), weight=0.02, space=0.5)
TICKER = Style((18, 20, 26), (228, 228, 232), weight=0.0, space=0.4, opacity=0.94)


@dataclass(frozen=True)
class Cast:
    """The brands of a shot, by turns, with a style that stays a brand's own through the film."""

    brands: Sequence[str]
    first: int

    def brand(self, turn: int) -> str:
        """The brand whose turn it is."""
        return self.brands[(self.first + turn) % len(self.brands)]

    def style(self, brand: str) -> Style:
        """The brand's style."""
        return STYLES[self.brands.index(brand) % len(STYLES)]

    def plate(self, brand: str, height: float, width: int | None = None) -> Plate:
        """A plate with the brand's name."""
        return text_plate(brand, height, self.style(brand), width)


def pitch_shot(size: tuple[int, int], length: float, cast: Cast, rng: np.random.Generator) -> Shot:
    """A match: boards that move along the pitch, players before them, a score bug with its sponsor."""
    width, height = size
    boards = _boards(size, cast, rng)
    players = [player(size, rng, n, length) for n in range(3)]
    sponsor = cast.brand(0)
    plate = cast.plate(sponsor, 0.032 * height)
    left, top = 0.04 * width, 0.06 * height
    score = text_plate("1 : 0   63:1" + str(int(rng.integers(10))), 0.032 * height, CLOCK)
    bug = Graphic(sponsor, sponsor, "scorebug", plate, upright(plate, lambda t: (left + score.size[0], top)))
    clock = Graphic(None, "1 : 0", "scorebug", score, upright(score, lambda t: (left, top)))
    return Shot(pitch(size, rng), [*boards, *players, clock, bug])


def studio_shot(size: tuple[int, int], length: float, cast: Cast, rng: np.random.Generator) -> Shot:
    """A studio: a lower third that slides in and out, and a patch that sways."""
    width, height = size
    main, second = cast.brand(0), cast.brand(2)
    plate = cast.plate(main, 0.062 * height, round(0.36 * width))
    line = text_plate("Official partner of the evening", 0.03 * height, QUIET, plate.size[0])

    def slide(t: float) -> float:
        inwards, outwards = np.clip((t - 0.3) / 0.4, 0, 1), np.clip((length - 0.2 - t) / 0.4, 0, 1)
        eased = min(inwards, outwards)
        return float(-plate.size[0] + (plate.size[0] + 0.06 * width) * eased * (2 - eased))

    y = 0.68 * height
    third = Graphic(main, main, "lower_third", plate, upright(plate, lambda t: (slide(t), y)))
    below = Graphic(
        None, "Official partner", "lower_third", line, upright(line, lambda t: (slide(t), y + plate.size[1]))
    )
    patch = cast.plate(second, 0.056 * height)
    sway = turned(
        patch, lambda t: (0.72 * width, 0.26 * height + 0.01 * height * np.sin(1.7 * t), 0.14 * np.sin(1.1 * t), 1.0)
    )
    return Shot(studio(size, rng), [Graphic(second, second, "patch", patch, sway), third, below])


def coast_shot(size: tuple[int, int], length: float, cast: Cast, rng: np.random.Generator) -> Shot:
    """A road: a billboard that passes behind a tree, and a ticker with words that look like brands."""
    width, height = size
    brand = cast.brand(1)
    plate = cast.plate(brand, 0.085 * height)
    speed = 0.9 * width / max(length, 1)

    def pass_by(t: float) -> tuple[float, float, float, float]:
        return 1.02 * width - speed * t, 0.44 * height, -0.02, 0.9 + 0.06 * t

    path = turned(plate, pass_by)
    words = "   ·   ".join(str(w) for w in rng.permutation(["Weather: 14 C", *LOOK_ALIKES[:3], "Traffic heavy on A4"]))
    ticker = text_plate(words, 0.034 * height, TICKER, round(1.2 * width))
    crawl = upright(ticker, lambda t: (-0.04 * width * t, height - ticker.size[1]))
    layers: list[Layer] = [posts(path), Graphic(brand, brand, "billboard", plate, path), tree(size)]
    return Shot(coast(size, rng), [*layers, Graphic(None, words, "ticker", ticker, crawl)])


def _boards(size: tuple[int, int], cast: Cast, rng: np.random.Generator) -> list[Layer]:
    width, height = size
    tall, slope = 0.095 * height, -0.025
    x, boards = -0.3 * width, []
    while x < 1.3 * width:
        turn = len(boards)
        stranger = turn % 3 == 2
        text = (
            LOOK_ALIKES[(turn // 3 + cast.first) % len(LOOK_ALIKES)] if stranger else cast.brand(turn - turn // 3 + 1)
        )
        style = STYLES[int(rng.integers(len(STYLES)))] if stranger else cast.style(text)
        plate = text_plate(text, 0.045 * height, style, round(0.2 * width))
        boards.append(_board(None if stranger else text, text, plate, x, tall, slope, size))
        x += tall / plate.size[1] * plate.size[0] + 0.008 * width
    return boards


def _board(
    brand: str | None, text: str, plate: Plate, start: float, tall: float, slope: float, size: tuple[int, int]
) -> Graphic:
    width, height = size
    wide = tall / plate.size[1] * plate.size[0]

    def path(t: float) -> Quad:
        left = start + 0.09 * width * t
        right, base = left + wide, 0.44 * height
        upper = [base + slope * left, base + slope * right]
        return np.array([[left, upper[0]], [right, upper[1]], [right, upper[1] + tall], [left, upper[0] + tall]])

    return Graphic(brand, text, "board", plate, path)


SHOTS = (pitch_shot, studio_shot, coast_shot)
