"""Plates: flat pictures of lettering, made once and then placed into every picture of a shot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from bench.typefaces import PLAIN, face

Colour = tuple[int, int, int]
"""Red, green, blue."""


@dataclass(frozen=True)
class Style:
    """How a plate looks. `bar`: a stripe of this colour at its left edge; `weight`: thickness added to the letters,
    as a share of their height; `space`: room around the letters, as a share of their height; `face`: one of
    `bench.typefaces`."""

    ground: Colour
    ink: Colour
    bar: Colour | None = None
    weight: float = 0.03
    space: float = 0.55
    opacity: float = 1.0
    face: str = PLAIN


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
"""The styles of the demo film."""

PALETTES = (
    *STYLES,
    Style((255, 255, 255), (14, 60, 140)),
    Style((198, 16, 32), (255, 255, 255)),
    Style((10, 10, 12), (255, 214, 10)),
    Style((0, 92, 185), (255, 255, 255), (226, 0, 26)),
    Style((232, 236, 240), (30, 34, 40)),
    Style((0, 122, 94), (255, 226, 94)),
    Style((92, 20, 32), (244, 220, 190)),
    Style((252, 128, 16), (20, 20, 28)),
    Style((60, 70, 84), (236, 240, 244)),
    Style((178, 212, 238), (16, 40, 92)),
    Style((36, 116, 60), (255, 255, 255)),
)
"""The colours of other films."""


def text_plate(text: str, letter_height: float, style: Style, width: int | None = None) -> Plate:
    """A plate with one line of text, capitals `letter_height` pixels high; at least `width` pixels wide."""
    font = face(style.face, round(letter_height))
    stroke = max(0, round(style.weight * letter_height))
    x0, y0, x1, y1 = font.getbbox(text, stroke_width=stroke)
    space = round(style.space * letter_height)
    bar = round(0.28 * letter_height) if style.bar else 0
    plate_width = max(width or 0, round(x1 - x0) + 2 * space + bar)
    plate_height = round(letter_height + 2 * space)
    image = Image.new("RGB", (plate_width, plate_height), style.ground)
    draw = ImageDraw.Draw(image)
    if style.bar:
        draw.rectangle((0, 0, bar, plate_height), style.bar)
    left = bar + (plate_width - bar - (x1 - x0)) / 2
    top = (plate_height - (y1 - y0)) / 2 if style.face == PLAIN else space + y0 - font.getbbox("H")[1]
    draw.text((left - x0, top - y0), text, style.ink, font, stroke_width=stroke, stroke_fill=style.ink)
    letters = (left, top, left + (x1 - x0), top + (y1 - y0))
    return Plate(np.ascontiguousarray(np.asarray(image)[:, :, ::-1]), letters, style.opacity)
