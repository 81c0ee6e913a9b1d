"""Contact sheets: pictures of scenes in rows, with time and objects below, to print or to look through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from stages.datatypes import Scene
from stages.pages.formats import clock
from stages.scenes.thumbnails import HEIGHT, WIDTH
from stages.scenes.words import objects_in_words

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

COLUMNS, ROWS = 5, 6
"""Of a sheet; the last one is only as high as it must be."""

EDGE, GAP, CAPTION = 32, 20, 46
"""Pixels around a sheet, between pictures, and below each for its two lines."""

PAPER, BEHIND, INK, QUIET = (251, 250, 248), (240, 237, 232), (28, 27, 26), (109, 106, 102)
"""Colours of the sheet, of what a picture leaves free of its place, and of the two lines; RGB."""

QUALITY = 85


class Place(NamedTuple):
    """Where the picture of a scene is: the sheet, and left, top, width and height there, pixels."""

    file: str
    x: int
    y: int
    width: int
    height: int


def sheets(scenes: Sequence[Scene], pictures: Mapping[str, bytes]) -> Iterator[tuple[str, bytes, dict[str, Place]]]:
    """Name and JPEG of each sheet, and where on it the scenes are; one sheet at a time is in memory.

    `scenes` in order of time; `pictures`: JPEG by the id of the scene, for each of them.
    """
    a_sheet = COLUMNS * ROWS
    for first in range(0, len(scenes), a_sheet):
        name = f"contact-sheet-{first // a_sheet + 1:02d}.jpg"
        yield name, *_sheet(name, scenes[first : first + a_sheet], pictures)


def _sheet(name: str, scenes: Sequence[Scene], pictures: Mapping[str, bytes]) -> tuple[bytes, dict[str, Place]]:
    from PIL import Image, ImageDraw

    rows = -(-len(scenes) // COLUMNS)
    size = (2 * EDGE + COLUMNS * (WIDTH + GAP) - GAP, 2 * EDGE + rows * (HEIGHT + CAPTION + GAP) - GAP)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    places = {}
    for number, scene in enumerate(scenes):
        row, column = divmod(number, COLUMNS)
        corner = (EDGE + column * (WIDTH + GAP), EDGE + row * (HEIGHT + CAPTION + GAP))
        places[scene.id] = Place(name, *_put(sheet, draw, corner, pictures[scene.id]))
        _caption(draw, corner, scene)
    out = BytesIO()
    sheet.save(out, "JPEG", quality=QUALITY)
    return out.getvalue(), places


def _put(sheet: Image, draw: ImageDraw, corner: tuple[int, int], jpeg: bytes) -> tuple[int, int, int, int]:
    from PIL import Image

    x, y = corner
    draw.rectangle((x, y, x + WIDTH - 1, y + HEIGHT - 1), BEHIND)
    with Image.open(BytesIO(jpeg)) as picture:
        left, top = x + (WIDTH - picture.width) // 2, y + (HEIGHT - picture.height) // 2
        sheet.paste(picture, (left, top))
        return left, top, picture.width, picture.height


def _caption(draw: ImageDraw, corner: tuple[int, int], scene: Scene) -> None:
    x, y = corner[0], corner[1] + HEIGHT + 5
    number = scene.id.lstrip("s").lstrip("0")
    _line(draw, (x, y), f"{number}   {clock(scene.start_s)} - {clock(scene.end_s)}", 16, INK)
    _line(draw, (x, y + 21), objects_in_words(scene.objects), 14, QUIET)


@cache
def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _line(draw: ImageDraw, at: tuple[int, int], text: str, size: int, ink: tuple[int, int, int]) -> None:
    """A line no wider than a picture."""
    font = _font(size)
    if font.getlength(text) > WIDTH:
        while text and font.getlength(text + "...") > WIDTH:
            text = text[:-1]
        text += "..."
    draw.text(at, text, ink, font)
