"""Pictures with a text that can be read, as a camera or a graphics machine would show it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.plates import STYLES, text_plate
from tests.unit.luma import rectangle

Picture = NDArray[np.uint8]
Quad = NDArray[np.float32]

GREY = 90


def blank(size: tuple[int, int] = (320, 180)) -> Picture:
    """A picture of this width and height that shows nothing."""
    return np.full((size[1], size[0], 3), GREY, np.uint8)


def lettered(text: str, at: tuple[int, int] = (40, 60), size: tuple[int, int] = (320, 180)) -> Picture:
    """A picture with the plate of a text."""
    picture, plate = blank(size), text_plate(text, 22, STYLES[0]).image
    picture[at[1] : at[1] + plate.shape[0], at[0] : at[0] + plate.shape[1]] = plate
    return picture


def place_of(text: str, at: tuple[int, int] = (40, 60)) -> Quad:
    """Where in that picture its letters stand."""
    x0, y0, x1, y1 = text_plate(text, 22, STYLES[0]).letters
    return rectangle(at[0] + x0, at[1] + y0, x1 - x0, y1 - y0)


def jpeg(picture: Picture) -> bytes:
    """As it is kept."""
    return bytes(cv2.imencode(".jpg", picture)[1])
