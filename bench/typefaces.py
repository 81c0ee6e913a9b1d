"""The typefaces that films are lettered in: bundled in bench/fonts with their licences, so that none is needed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from PIL import ImageFont

FONTS = Path(__file__).parent / "fonts"

FACES = {
    "bold sans": "ArchivoBlack-Regular",
    "condensed": "BarlowCondensed-SemiBold",
    "geometric": "Montserrat-SemiBold",
    "italic": "Exo2-BoldItalic",
    "narrow": "Oswald-SemiBold",
    "poster": "Anton-Regular",
    "rounded": "Fredoka-SemiBold",
    "rounded light": "VarelaRound-Regular",
    "script": "Lobster-Regular",
    "serif": "PlayfairDisplay-Bold",
    "slab": "RobotoSlab-Bold",
    "technical": "RussoOne-Regular",
}
"""Style of a face -> name of its file."""

PLAIN = ""
"""Pillow's own face."""


@cache
def face(style: str, capital: int) -> Any:
    """The font of a style (of `FACES`, or `PLAIN`) whose capitals are about `capital` pixels high."""
    size = max(8, round(capital / _capital_share(style)))
    return _load(style, size)


@cache
def _capital_share(style: str) -> float:
    """Height of a capital, as a share of the font's size."""
    if style == PLAIN:
        return 0.72
    _, top, _, bottom = _load(style, 200).getbbox("H")
    return float(bottom - top) / 200


def _load(style: str, size: int) -> Any:
    if style == PLAIN:
        return ImageFont.load_default(size)
    return ImageFont.truetype(str(FONTS / f"{FACES[style]}.ttf"), size)
