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


def scaled(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """A size of the same shape whose longer side has `longest` pixels."""
    scale = longest / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def to_bgr(picture: Any, size: tuple[int, int]) -> BGR:
    """The picture upright, (H, W, 3) uint8; `size`: its width and height then."""
    import numpy as np

    image = picture.to_ndarray(format="bgr24", interpolation="AREA", **_lying(picture, size))
    return np.ascontiguousarray(np.rot90(image, quarter_turns(picture)))


def to_luma(picture: Any, size: tuple[int, int]) -> Luma:
    """The brightness of the picture upright, (H, W) uint8; `size`: its width and height then."""
    import numpy as np

    image = picture.to_ndarray(format="gray", interpolation="AREA", **_lying(picture, size))
    return np.ascontiguousarray(np.rot90(image, quarter_turns(picture)))


def _lying(picture: Any, size: tuple[int, int]) -> dict[str, int]:
    """The size before the picture is turned upright."""
    width, height = reversed(size) if quarter_turns(picture) % 2 else size
    return {"width": width, "height": height}


def to_jpeg(image: BGR | Luma, quality: int) -> bytes:
    """The picture as JPEG; the same bytes for the same picture."""
    import cv2

    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"a picture of {image.shape[1]}x{image.shape[0]} pixels cannot be written as JPEG")
    return bytes(data)
