"""Plates: flat pictures of lettering, made once and then placed into every picture of a shot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
"""Red, green, blue."""


@dataclass(frozen=True)
class Style:
    """How a plate looks. `bar`: a stripe of this colour at its left edge; `weight`: thickness added to the letters,
    as a share of their height; `space`: room around the letters, as a share of their height."""

    ground: Colour
    ink: Colour
    bar: Colour | None = None
    weight: float = 0.03
    space: float = 0.55
    opacity: float = 1.0


@dataclass(frozen=True, eq=False)
class Plate:
    """A picture (H, W, 3) uint8 BGR, where in it the letters stand (x0, y0, x1, y1), and how solid it is (0..1)."""

    image: NDArray[np.uint8]
    letters: tuple[float, float, float, float]
    opacity: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self.image.shape[1], self.image.shape[0]


STYLES = (
    Style((16, 42, 86), (255, 255, 255), (240, 180, 41)),
    Style((246, 244, 239), (160, 27, 46)),
    Style((12, 90, 78), (240, 250, 244)),
    Style((247, 206, 70), (32, 28, 22)),
    Style((88, 34, 110), (255, 240, 252), (255, 120, 90)),
    Style((24, 26, 31), (124, 226, 255)),
    Style((206, 62, 36), (255, 248, 240)),
)


@cache
def font(height: int) -> Any:
    """Pillow's own scalable font, so that no machine needs another; capitals are about 0.72 of `height` pixels."""
    return ImageFont.load_default(height)


def text_plate(text: str, letter_height: float, style: Style, width: int | None = None) -> Plate:
    """A plate with one line of text, capitals `letter_height` pixels high; at least `width` pixels wide."""
    size = max(8, round(letter_height / 0.72))
    stroke = max(0, round(style.weight * letter_height))
    x0, y0, x1, y1 = font(size).getbbox(text, stroke_width=stroke)
    space = round(style.space * letter_height)
    bar = round(0.28 * letter_height) if style.bar else 0
    plate_width = max(width or 0, round(x1 - x0) + 2 * space + bar)
    plate_height = round(letter_height + 2 * space)
    image = Image.new("RGB", (plate_width, plate_height), style.ground)
    draw = ImageDraw.Draw(image)
    if style.bar:
        draw.rectangle((0, 0, bar, plate_height), style.bar)
    left = bar + (plate_width - bar - (x1 - x0)) / 2
    top = (plate_height - (y1 - y0)) / 2
    draw.text((left - x0, top - y0), text, style.ink, font(size), stroke_width=stroke, stroke_fill=style.ink)
    letters = (left, top, left + (x1 - x0), top + (y1 - y0))
    return Plate(np.ascontiguousarray(np.asarray(image)[:, :, ::-1]), letters, style.opacity)
