"""Shots: a place with its graphics. Sizes are shares of the picture, so that a shot looks alike at every size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bench.graphics import Graphic, Layer, Occluder, Picture, Quad, turned, upright
from bench.plates import STYLES, Plate, Style, text_plate
from bench.scenery import Ground, coast, pitch, studio

LOOK_ALIKES = ("NORDIC", "ALTITUDE", "VOLTAGE", "LUMINA", "KESTREL BAY")
QUIET = Style((28, 30, 36), (214, 218, 224), weight=0.0, space=0.45)
CLOCK = Style((240, 240, 240), (24, 26, 32), weight=0.02, space=0.5)
TICKER = Style((18, 20, 26), (228, 228, 232), weight=0.0, space=0.4, opacity=0.94)


@dataclass(frozen=True, eq=False)
class Shot:
    """A stretch of film without a cut: what lies behind, and layers from back to front."""

    ground: Ground
    layers: Sequence[Layer]


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
    players = [_player(size, rng, n, length) for n in range(3)]
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
    layers: list[Layer] = [_posts(path), Graphic(brand, brand, "billboard", plate, path), _tree(size)]
    return Shot(coast(size, rng), [*layers, Graphic(None, words, "ticker", ticker, crawl)])


def _boards(size: tuple[int, int], cast: Cast, rng: np.random.Generator) -> list[Layer]:
    width, height = size
    tall, slope = 0.095 * height, -0.025
    x, boards = -0.2 * width, []
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
        left = start + 0.045 * width * t
        right, base = left + wide, 0.44 * height
        upper = [base + slope * left, base + slope * right]
        return np.array([[left, upper[0]], [right, upper[1]], [right, upper[1] + tall], [left, upper[0] + tall]])

    return Graphic(brand, text, "board", plate, path)


def _player(size: tuple[int, int], rng: np.random.Generator, number: int, length: float) -> Occluder:
    width, height = size
    tall = rng.uniform(0.24, 0.3) * height
    start, speed = rng.uniform(0.1, 0.8) * width, rng.choice([-1, 1]) * rng.uniform(0.04, 0.09) * width
    foot = rng.uniform(0.64, 0.72) * height
    shirt = ((60, 60, 214), (238, 238, 240), (60, 60, 214))[number % 3]

    def parts(picture: Picture, t: float, shirt: tuple[int, ...], skin: tuple[int, ...], dark: tuple[int, ...]) -> None:
        x, stride = start + speed * (t - length / 2), np.sin(9 * t + number)
        hip = (round(x), round(foot - 0.46 * tall))
        for side in (-1, 1):
            knee = round(x + side * stride * 0.14 * tall), round(foot - 0.2 * tall)
            cv2.line(picture, hip, knee, dark, round(0.1 * tall), cv2.LINE_AA)
            cv2.line(
                picture,
                knee,
                (round(x + side * stride * 0.2 * tall), round(foot)),
                skin,
                round(0.07 * tall),
                cv2.LINE_AA,
            )
        cv2.ellipse(
            picture,
            (round(x), round(foot - 0.62 * tall)),
            (round(0.13 * tall), round(0.22 * tall)),
            0,
            0,
            360,
            shirt,
            -1,
            cv2.LINE_AA,
        )
        cv2.circle(picture, (round(x), round(foot - 0.91 * tall)), round(0.08 * tall), skin, -1, cv2.LINE_AA)

    return _of_parts(
        lambda p, t: parts(p, t, shirt, (108, 150, 196), (70, 30, 30)), lambda p, t: parts(p, t, (255,), (255,), (255,))
    )


def _tree(size: tuple[int, int]) -> Occluder:
    width, height = size

    def parts(picture: Picture, t: float, wood: tuple[int, ...], leaf: tuple[int, ...]) -> None:
        x = round(1.3 * width - 0.45 * width * t)
        cv2.line(picture, (x, round(0.3 * height)), (x, round(0.8 * height)), wood, max(3, width // 90), cv2.LINE_AA)
        for dx, dy, radius in ((0, 0.2, 0.1), (-0.035, 0.26, 0.08), (0.035, 0.27, 0.08)):
            cv2.circle(
                picture, (x + round(dx * width), round(dy * height)), round(radius * height), leaf, -1, cv2.LINE_AA
            )

    return _of_parts(lambda p, t: parts(p, t, (34, 44, 58), (46, 74, 52)), lambda p, t: parts(p, t, (255,), (255,)))


def _posts(path: object) -> Occluder:
    def draw(picture: Picture, t: float) -> None:
        quad = path(t) if callable(path) else None
        if quad is not None:
            for share in (0.2, 0.8):
                x, y = (1 - share) * quad[3] + share * quad[2]
                cv2.line(
                    picture,
                    (round(x), round(y)),
                    (round(x), round(0.78 * picture.shape[0])),
                    (44, 42, 40),
                    max(3, picture.shape[1] // 110),
                    cv2.LINE_AA,
                )

    return Occluder(draw, lambda picture, t: None)


def _of_parts(draw: object, mask: object) -> Occluder:
    assert callable(draw)
    assert callable(mask)
    return Occluder(draw, mask)


SHOTS = (pitch_shot, studio_shot, coast_shot)
