"""From a decoded picture to the JPEG that is kept: upright, and no larger than wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    BGR = NDArray[np.uint8]
    Luma = NDArray[np.uint8]


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

    image = picture.to_ndarray(format="bgr24", interpolation="AREA", **_size(picture, max_side))
    return np.ascontiguousarray(np.rot90(image, quarter_turns(picture)))


def to_luma(picture: Any, side: int) -> Luma:
    """The brightness of the picture upright, (H, W) uint8, its longest side at most `side` pixels."""
    import numpy as np

    image = picture.to_ndarray(format="gray", interpolation="AREA", **_size(picture, side))
    return np.ascontiguousarray(np.rot90(image, quarter_turns(picture)))


def _size(picture: Any, max_side: int) -> dict[str, int]:
    scale = min(1.0, max_side / max(picture.width, picture.height)) if max_side else 1.0
    return {"width": max(1, round(picture.width * scale)), "height": max(1, round(picture.height * scale))}


def to_jpeg(image: BGR | Luma, quality: int) -> bytes:
    """The picture as JPEG; the same bytes for the same picture."""
    import cv2

    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"a picture of {image.shape[1]}x{image.shape[0]} pixels cannot be written as JPEG")
    return bytes(data)
