"""From a decoded picture to the JPEG that is kept: upright, and no larger than wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    BGR = NDArray[np.uint8]


def upright_size(picture: Any) -> tuple[int, int]:
    """Width and height of a picture as it is shown, pixels."""
    sideways = quarter_turns(picture) % 2
    return (picture.height, picture.width) if sideways else (picture.width, picture.height)


def quarter_turns(picture: Any) -> int:
    """Quarter turns, counter-clockwise, that put a picture upright (from its display matrix; 0 for odd angles)."""
    degrees = int(picture.rotation or 0)
    return (degrees // 90) % 4 if degrees % 90 == 0 else 0


def to_bgr(picture: Any, max_side: int) -> BGR:
    """The picture upright, (H, W, 3) uint8, its longest side at most `max_side` pixels (0: as it is)."""
    import numpy as np

    width, height = picture.width, picture.height
    scale = min(1.0, max_side / max(width, height)) if max_side else 1.0
    size = {"width": max(1, round(width * scale)), "height": max(1, round(height * scale))}
    image = picture.to_ndarray(format="bgr24", interpolation="AREA", **size)
    return np.ascontiguousarray(np.rot90(image, quarter_turns(picture)))


def to_jpeg(image: BGR, quality: int) -> bytes:
    """The picture as JPEG; the same bytes for the same picture."""
    import cv2

    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"a picture of {image.shape[1]}x{image.shape[0]} pixels cannot be written as JPEG")
    return bytes(data)
