"""`filter_scenes`: leave out pictures that show what the one before showed, and mark cuts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import Field

from stages import FailedItem, RuntimeContext, StageConfig, stage
from stages.datatypes import Frame, Frames

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Luma = NDArray[np.int16]

WIDTH, HEIGHT = 160, 90
"""Size of a thumbnail: a cell is 8 pixels of a 720p picture, about the height of the smallest text that is read."""

QUARTERS, SHADES = 2, 16
"""Cuts are seen in histograms of 16 shades over 2x2 parts of the picture, which a pan or a moving crowd hardly
changes. At two pictures a second of mixed footage cuts gave 0.43 and more, all else 0.34 and less; the mean difference
of thumbnails, which is cheaper, gave up to 38 of 255 for pans and as little as 34 for cuts."""


class FilterScenesConfig(StageConfig):
    """When two pictures count as the same, and when as different shots."""

    same: float = Field(
        6, ge=0, le=255, description="A picture is left out when no cell of its thumbnail differs by more (luma, 0-255)"
    )
    cut: float = Field(
        0.4, gt=0, le=1, description="A new shot begins where more than this share of the picture changes its luma, 0-1"
    )
    longest_hold: float = Field(
        10, gt=0, le=600, description="Longest time that one picture may stand for, seconds; then one is kept anyway"
    )


@dataclass
class Scenes:
    """Goes through thumbnails in order and remembers which pictures to keep and where shots begin."""

    config: FilterScenesConfig
    kept: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    _kept_luma: Luma | None = None
    _kept_t: float = 0.0
    _last_luma: Luma | None = None

    def see(self, place: int, t: float, luma: Luma | None) -> None:
        """The next picture, shown at `t` seconds; without luma (it cannot be read) it is kept."""
        if cut := self._is_cut(luma):
            self.cuts.append(place)
        if luma is not None:
            self._last_luma = luma
        if cut or self._is_new(t, luma):
            self.kept.append(place)
            self._kept_luma, self._kept_t = luma, t

    def _is_cut(self, luma: Luma | None) -> bool:
        if luma is None or self._last_luma is None:
            return False
        return changed_shades(luma, self._last_luma) > self.config.cut

    def _is_new(self, t: float, luma: Luma | None) -> bool:
        if luma is None or self._kept_luma is None or t - self._kept_t >= self.config.longest_hold:
            return True
        return bool(abs(luma - self._kept_luma).max() > self.config.same)


@stage(label="Filter scenes", category="video", writes=("frames",), depends=("opencv-python-headless",))
def filter_scenes(frames: Frames, config: FilterScenesConfig, ctx: RuntimeContext) -> Frames:
    """Leave out pictures that look like the one kept before them, which then stands for their times; mark cuts.

    Two pictures are compared by luma thumbnails, cell by cell, so that a line of text that comes or goes is noticed
    in a picture that stays otherwise still. No time is lost: what is left out is represented.
    """
    scenes = Scenes(config)
    for place, luma in enumerate(ctx.map(thumbnail, frames, max_failed=len(frames))):
        scenes.see(place, float(frames.index.t[place]), None if isinstance(luma, FailedItem) else luma)
    return frames.keep(scenes.kept, scenes.cuts)


def thumbnail(frame: Frame) -> Luma:
    """(90, 160) int16 luma of a picture, decoded at a fraction of its size where that is enough."""
    import cv2
    import numpy as np

    data = np.frombuffer(frame.jpeg(), np.uint8)
    luma = cv2.imdecode(data, cv2.IMREAD_REDUCED_GRAYSCALE_4)
    if luma is None:
        raise ValueError(f"the picture at {frame.t:.3f} s is no JPEG that can be decoded")
    return np.asarray(cv2.resize(luma, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.int16)


def changed_shades(one: Luma, other: Luma) -> float:
    """The share (0..1) of the picture whose shade is not to be found in the same quarter of the other picture."""
    change = abs(_shades(one) - _shades(other)).sum(axis=1) / 2
    return float(change.mean())


def _shades(luma: Luma) -> NDArray[np.float64]:
    """(4, 16) share of each shade in each quarter."""
    import numpy as np

    parts = [part for half in np.array_split(luma, QUARTERS, 0) for part in np.array_split(half, QUARTERS, 1)]
    counts = [np.bincount(part.reshape(-1) * SHADES // 256, minlength=SHADES) / part.size for part in parts]
    return np.asarray(counts, np.float64)
