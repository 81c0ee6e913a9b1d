"""`crop_regions`: pieces of pictures for whoever looks at what could not be settled."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field

from stages import FailedItem, RuntimeContext, StageConfig, blobs, stage
from stages.core.spread import failures_allowed
from stages.datatypes import Crops, Frames, Reading, Readings
from stages.datatypes.arrow import as_quads, quad_areas
from stages.video.pictures import to_jpeg

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    BGR = NDArray[np.uint8]

SMALLEST = 4.0
"""Square pixels of a quad below which there is nothing to see."""

FINER = 4
"""A piece is set straight at most so many times larger than it is kept, and then scaled down, so that small lettering
is not torn."""


class CropRegionsConfig(StageConfig):
    """How pieces are cut."""

    margin: float = Field(
        0.3, ge=0, le=5, description="What is kept around a piece, as share of its shorter side; logos stand near names"
    )
    max_side: int = Field(512, ge=32, le=4096, description="Longest side of a piece, pixels; none is enlarged")
    quality: int = Field(90, ge=30, le=100, description="JPEG quality of the pieces")
    max_failed: float = Field(
        0.2, ge=0, le=1, description="Share of the pieces that may fail to be cut before the stage does"
    )


@stage(label="Crop regions", category="video", writes=("crops",), depends=("opencv-python-headless",))
def crop_regions(frames: Frames, unresolved: Readings, config: CropRegionsConfig, ctx: RuntimeContext) -> Crops:
    """Cut out what each unresolved reading is of, set straight, with a margin around it.

    A piece that cannot be cut is a failed item; with more of them than `max_failed` allows the stage fails.
    """
    rows = sorted(unresolved, key=lambda row: (row.t, row.track))
    limit = failures_allowed(config.max_failed, len(rows))
    cut = partial(cut_piece, config=config, width=frames.info.width)
    found = ctx.map(cut, rows, setup=partial(LastPicture, frames), max_failed=limit)
    cut_out = ((row, jpeg) for row, jpeg in zip(rows, found, strict=True) if not isinstance(jpeg, FailedItem))
    crops = Crops.of(cut_out, blobs())
    failed = len(rows) - len(crops)
    return (
        replace(crops, notes=(f"{failed} of {len(rows)} unresolved texts could not be cut out.",)) if failed else crops
    )


class LastPicture:
    """The picture that was asked for last stays decoded: pieces of one picture follow each other."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._held: tuple[int, BGR] | None = None

    def at(self, t: float) -> BGR:
        """The picture nearest to a time, (H, W, 3) uint8. Raises ValueError where it is no picture."""
        frame = self._frames.at(t)
        if self._held is None or self._held[0] != frame.index:
            self._held = frame.index, frame.image()
        return self._held[1]


def cut_piece(pictures: LastPicture, reading: Reading, config: CropRegionsConfig, width: int) -> bytes:
    """JPEG of what was read; `width` is that of the source, in whose pixels quads are."""
    try:
        image = pictures.at(reading.t)
        quad = reading.quad * (image.shape[1] / width)
        return to_jpeg(straight(image, quad, config.margin, config.max_side), config.quality)
    except ValueError as error:
        raise ValueError(f"track {reading.track} at {reading.t:.3f} s: {error}") from error


def straight(image: BGR, quad: NDArray[np.floating], margin: float, max_side: int) -> BGR:
    """What is in the quad and around it, set straight by a perspective warp: (h, w, 3) uint8.

    `margin` is a share of the shorter side; beyond the picture its edge is repeated. Raises ValueError for a quad
    that holds nothing.
    """
    import cv2
    import numpy as np

    if not np.isfinite(quad).all() or quad_areas(as_quads(quad))[0] < SMALLEST:
        raise ValueError(f"the quad {np.round(quad, 1).tolist()} holds nothing")
    sides = np.hypot(*(np.roll(quad, -1, 0) - quad).T)
    inner = np.maximum(1.0, (max(sides[0], sides[2]), max(sides[1], sides[3])))
    around = margin * inner.min()
    longest = float(inner.max() + 2 * around)
    finer = min(1.0, FINER * max_side / longest)
    corners = (np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * inner + around) * finer
    warp = cv2.getPerspectiveTransform(quad.astype(np.float32), corners.astype(np.float32))
    size = _whole((inner + 2 * around) * finer)
    made = cv2.warpPerspective(image, warp, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    if longest > max_side:
        made = cv2.resize(made, _whole((inner + 2 * around) * (max_side / longest)), interpolation=cv2.INTER_AREA)
    return np.asarray(made, np.uint8)


def _whole(size: NDArray[np.floating]) -> tuple[int, int]:
    return max(1, round(float(size[0]))), max(1, round(float(size[1])))
