"""Writing the two series of pictures that a video becomes: few to look at closely, many small ones in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, inf
from typing import TYPE_CHECKING, Any

from stages.core.blobs import BlobStore
from stages.core.digests import digest_of
from stages.datatypes import Frames, FrameWriter, MediaInfo
from stages.video.cuts import CutFinder
from stages.video.pictures import scaled, to_bgr, to_jpeg, to_luma, upright_size
from stages.video.sampling import SAME_S, Sample

if TYPE_CHECKING:
    from stages.video.extract_frames import ExtractFramesConfig
    from stages.video.pictures import Luma

AFTER_CUT_S = 0.45
"""A cut is looked at at once, unless a picture was looked at less than this before: footage that flickers looks like
nothing but cuts, and each look costs as much as half a second of all the rest."""

MOTION_QUALITY = 80
"""JPEG quality of the small pictures: what is followed is corners and shades, not texture."""


@dataclass(frozen=True)
class Origin:
    """The first picture of a video, from which all others are counted: its time, seconds, and size as it is shown."""

    t: float
    size: tuple[int, int]


@dataclass(frozen=True)
class State:
    """All on which it depends what comes of the samples that follow; equal where they cannot differ.

    t          time of the last sample, seconds
    luma       digest of its small picture
    looked     when was looked last; so long ago that it no longer matters, if that was earlier
    due        number of the look that is due on the grid
    cut_since  whether a cut has still to be looked at
    """

    t: float
    luma: str
    looked: float
    due: int
    cut_since: bool


class PairWriter:
    """Takes samples in order of time, from the video's first or (with its `origin`) from a later one on.

    Two shards are in memory, whatever the length of the video.
    """

    def __init__(self, sizes: ExtractFramesConfig, blobs: BlobStore, origin: Origin | None = None) -> None:
        self.period, self.motion_period = 1 / sizes.fps, 1 / max(sizes.fps, sizes.motion_fps)
        self.size = origin.size if origin else None
        self._sizes, self._cuts = sizes, CutFinder(sizes.cut)
        self._frames, self._motion = FrameWriter(blobs), FrameWriter(blobs)
        self._first = origin.t if origin else None
        self._looked, self._due = 0.0, 0  # when, and the number of the look that is due on the grid
        self._cut_since, self._cut_t = False, -inf
        self._last: tuple[float, Luma] | None = None

    def add(self, sample: Sample[Any], keep: bool = True) -> None:
        """The next picture of `motion`, and of `frames` where one is due; not to `keep` it only brings up the state."""
        own = upright_size(sample.picture)
        self.size = self.size or own
        luma = to_luma(sample.picture, scaled(self.size, min(max(self.size), self._sizes.motion_side)))
        self._last = sample.t, luma
        cut = self._cuts.begins(luma)
        if cut:
            self._cut_since, self._cut_t = True, sample.t
        if keep:
            self._motion.add(to_jpeg(luma, MOTION_QUALITY), sample.t, sample.also, cut)
        if self._is_due(sample):
            if keep:
                self._keep_look(sample, own)
            self._look(sample)

    def _keep_look(self, sample: Sample[Any], own: tuple[int, int]) -> None:
        """All have the shape of the first: a recording whose size changes half way is one film all the same."""
        assert self.size is not None
        bgr = to_bgr(sample.picture, scaled(self.size, min(max(own), self._sizes.max_side or max(own))))
        self._frames.add(to_jpeg(bgr, self._sizes.quality), sample.t, sample.also, self._cut_since)

    def calm_s(self, t: float) -> float:
        """How long before `t` the last cut was."""
        return t - self._cut_t

    def state(self) -> State:
        """The state after the last sample, of which there must have been one."""
        assert self._last is not None
        t, luma = self._last
        looked = max(self._looked, t - AFTER_CUT_S)
        return State(t, digest_of(luma.tobytes()), looked, self._due, self._cut_since)

    def _is_due(self, sample: Sample[Any]) -> bool:
        """A picture is looked at if it is on screen when a look is due, or soon after a cut."""
        if self._first is None:
            self._first = sample.t
        due = self._first + self._due * self.period
        if sample.until >= due - self.motion_period / 2 - SAME_S:
            return True
        return self._cut_since and sample.t - self._looked >= AFTER_CUT_S

    def _look(self, sample: Sample[Any]) -> None:
        """What would be due right after this needs no look of its own; else the grid stays, so that no rate drifts."""
        assert self._first is not None
        done = max(sample.until, sample.t + min(AFTER_CUT_S, self.period / 2)) - self._first
        self._looked, self._due, self._cut_since = sample.t, floor(done / self.period) + 1, False

    def finish(self, info: MediaInfo, notes: Sequence[str]) -> tuple[Frames, Frames]:
        """`frames` and `motion`; the notes are told once, by the first."""
        return self._frames.finish(info, self.period, notes), self._motion.finish(info, self.motion_period)
