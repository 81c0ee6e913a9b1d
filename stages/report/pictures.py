"""The picture of an exposure: the part of its best frame around the brand, with the box drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.datatypes import Frame, Frames
from stages.datatypes.arrow import Quads

WIDTH, HEIGHT = 448, 252
"""Size of a picture, pixels: 16:9, twice what the page shows, for screens with fine pixels and for print."""

ROOM = 3.0
"""A picture shows so many times the width of the box, so that one sees where the brand was…"""

LEAST_SHARE = 0.4
"""…and at least this share of the frame, so that small lettering is not blown up to a blur."""

QUALITY = 82
LINE, EDGE = (90, 190, 255), (30, 20, 10)
"""Colours of the box, BGR: a light amber line on a dark edge shows on any ground."""


def box_picture(frames: Frames, t: float, quads: Quads) -> bytes:
    """JPEG of the frame at `t` around `quads` (the first is the exposure's best), all of them drawn."""
    frame = frames.at(t)
    image = frame.image()
    scale = image.shape[1] / frames.info.width
    left, top, width, height = _window(image.shape[1], image.shape[0], quads[0] * scale)
    return _encode(_drawn(image[top : top + height, left : left + width], quads * scale - (left, top)), frame)


def _window(frame_width: int, frame_height: int, quad: NDArray[Any]) -> tuple[int, int, int, int]:
    """Left, top, width and height of a 16:9 window around a quad, within the frame as far as the frame allows."""
    low, high = quad.min(0), quad.max(0)
    wide = max(ROOM * (high[0] - low[0]), LEAST_SHARE * frame_width, (high[1] - low[1]) * 1.5 * WIDTH / HEIGHT)
    width = int(min(wide, frame_width))
    height = int(min(width * HEIGHT / WIDTH, frame_height))
    middle = (low + high) / 2
    left = int(np.clip(middle[0] - width / 2, 0, frame_width - width))
    top = int(np.clip(middle[1] - height / 2, 0, frame_height - height))
    return left, top, max(1, width), max(1, height)


def _drawn(part: NDArray[np.uint8], quads: NDArray[Any]) -> NDArray[np.uint8]:
    import cv2

    size = _size(part.shape[1], part.shape[0])
    shrinks = size[0] < part.shape[1]
    picture = cv2.resize(part, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    scale = np.array([size[0] / part.shape[1], size[1] / part.shape[0]])
    corners = [np.round(grown(quad * scale, 3)).astype(np.int32) for quad in quads]
    cv2.polylines(picture, corners, True, EDGE, 4, cv2.LINE_AA)
    cv2.polylines(picture, corners, True, LINE, 2, cv2.LINE_AA)
    return np.asarray(picture, np.uint8)


def _size(width: int, height: int) -> tuple[int, int]:
    """What a part of so many pixels becomes: the full size, but for frames that are too flat for 16:9."""
    scale = min(WIDTH / width, HEIGHT / height)
    if abs(width / height - WIDTH / HEIGHT) < 0.05:
        return WIDTH, HEIGHT
    return max(1, round(width * scale)), max(1, round(height * scale))


def grown(quad: NDArray[Any], by: float) -> NDArray[Any]:
    """A quad with its corners `by` pixels further from its middle, so that the box does not touch the lettering."""
    away = quad - quad.mean(0)
    return np.asarray(quad + by * np.sign(away))


def _encode(picture: NDArray[np.uint8], frame: Frame) -> bytes:
    import cv2

    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise ValueError(f"the picture at {frame.t:.3f} s cannot be written as JPEG")
    return bytes(data)
