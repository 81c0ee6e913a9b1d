"""`follow_text`: where the places of text are in between the pictures that were searched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field

from stages import FailedItem, RuntimeContext, StageConfig, stage
from stages.datatypes import Boxes, Frames, TrackPoint, Tracks
from stages.text.following import Follower
from stages.text.patch import area
from stages.text.region import Picture, Seen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Quads = NDArray[np.float32]

SHARE_DECIMALS, PIXEL_DECIMALS = 3, 2

SAME_S = 1e-6
"""Times closer than this are the same."""

LONGEST = 6
"""A stretch without a cut is divided when it is so many times longer than `stretch_s`."""

Point = tuple[float, float, bool, "NDArray[np.float32]"]
"""Time, visible share, whether found there, quad in pixels of the source."""


class FollowTextConfig(StageConfig):
    """How the video is divided for the work."""

    stretch_s: float = Field(
        20,
        ge=2,
        le=600,
        description="Stretches of at least this length are followed side by side; they end at cuts, seconds",
    )


@stage(
    label="Follow text",
    category="text",
    writes=("tracks",),
    depends=("opencv-python-headless",),
    retries=1,  # a lost worker costs one attempt
)
def follow_text(
    motion: Frames, frames: Frames, regions: Boxes, config: FollowTextConfig, ctx: RuntimeContext
) -> Tracks:
    """Follow every place of text from picture to picture, forwards and backwards from where it was found, and tell
    how much of it is to be seen in each. `frames` are the pictures that were searched for `regions`.

    A small picture that cannot be read is passed over and counted.
    """
    boxes = _by_place(motion, frames, regions)
    follow = partial(follow_stretch, motion=motion, boxes=boxes, period_s=frames.period_s)
    points: list[TrackPoint] = []
    tracks = failed = 0
    for found in ctx.map(follow, list(stretches(motion, config.stretch_s))):
        assert not isinstance(found, FailedItem)  # one that fails ends the stage
        failed += found[1]
        for track in found[0]:
            points += [TrackPoint(tracks, *point) for point in track]
            tracks += 1
    return Tracks.of(points, [*regions.notes, *([f"{failed} small picture(s) could not be read."] if failed else [])])


def stretches(motion: Frames, least_s: float) -> Iterator[range]:
    """The places of the pictures, divided at cuts where a stretch has reached `least_s` (and in any case long after).

    Where they are divided depends on the pictures alone, so that all runners write the same.
    """
    begin, t = 0, motion.index.t
    for place in range(1, len(motion)):
        length = t[place] - t[begin]
        if (motion.index.cut[place] and length >= least_s) or length >= LONGEST * least_s:
            yield range(begin, place)
            begin = place
    if len(motion):
        yield range(begin, len(motion))


def follow_stretch(
    places: range, motion: Frames, boxes: Mapping[int, Quads], period_s: float
) -> tuple[list[list[Point]], int]:
    """The tracks of a stretch, and how many of its pictures could not be read."""
    import cv2
    import numpy as np

    cv2.setNumThreads(1)
    follower, times, failed, scale = Follower(period_s), {}, 0, np.float32(1)
    for place in places:
        frame = motion[place]
        try:
            luma = frame.luma()
        except ValueError:
            failed += 1
            continue
        scale = np.float32(luma.shape[1] / motion.info.width)
        times[place] = frame.t
        found = boxes.get(place)
        follower.see(Picture(place, frame.t, luma, frame.cut), None if found is None else list(found * scale))
    size = (motion.info.width, motion.info.height)
    tracks = [[_point(times[place], seen, scale, size) for place, seen in region] for region in follower.regions(times)]
    return tracks, failed


def _point(t: float, seen: Seen, scale: np.float32, size: tuple[int, int]) -> Point:
    """A point in pixels of the source; what lies beyond the frame's edge is not visible."""
    import numpy as np

    quad = seen.quad / scale
    within = np.clip(quad, 0, np.asarray(size, np.float32))
    share = min(seen.visible, area(within) / max(area(quad), 1e-6))
    return t, round(share, SHARE_DECIMALS), seen.found, within.round(PIXEL_DECIMALS)


def _by_place(motion: Frames, frames: Frames, regions: Boxes) -> Mapping[int, Quads]:
    """The boxes of each picture of `motion` that was searched, by its place, in pixels of the source."""
    import numpy as np

    rows: dict[int, list[int]] = {place: [] for place in np.searchsorted(motion.index.t, frames.index.t - SAME_S)}
    for row, place in enumerate(np.searchsorted(motion.index.t, regions.t - SAME_S).tolist()):
        rows[place].append(row)
    return {int(place): regions.quads[own] for place, own in rows.items()}
