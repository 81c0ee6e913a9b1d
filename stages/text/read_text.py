"""`read_text`: what the followed places of text say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

from pydantic import Field

from stages import FailedItem, RuntimeContext, StageConfig, stage
from stages.core.spread import failures_allowed
from stages.datatypes import Frames, Reading, Readings, Tracks
from stages.text.recogniser import TextRecogniser
from stages.text.views import View, views_of

SCORE_DECIMALS = 4

SURE = 0.9
"""Readings of a track that say the same, each at least so sure, settle it."""


class ReadTextConfig(StageConfig):
    """How often each text is read."""

    views: int = Field(2, ge=1, le=20, description="Views of each text that are read at first, the best of them")
    more_views: int = Field(6, ge=0, le=100, description="Further views that are read where the first do not agree")
    max_failed: float = Field(
        0.05, ge=0, le=1, description="Share of the pictures that may fail to be read before the stage does"
    )


@stage(
    label="Read text",
    category="text",
    writes=("readings",),
    depends=("rapidocr", "onnxruntime", "opencv-python-headless"),
    retries=1,  # a lost worker costs one attempt
)
def read_text(frames: Frames, tracks: Tracks, config: ReadTextConfig, ctx: RuntimeContext) -> Readings:
    """Read the best views of every followed text; more of them where those do not agree.

    A picture that cannot be read is a failed item; with more of them than `max_failed` allows the stage fails.
    """
    views = views_of(tracks, frames, config.views + config.more_views)
    rows = _read(frames, [view for own in views.values() for view in own[: config.views]], config, ctx)
    open_tracks = _unsettled(rows, views)
    rows += _read(frames, [view for track in open_tracks for view in views[track][config.views :]], config, ctx)
    failed = len(ctx.failed_items)
    return Readings.of(rows, [f"{failed} picture(s) could not be read."] if failed else [])


def _read(frames: Frames, views: Sequence[View], config: ReadTextConfig, ctx: RuntimeContext) -> list[Reading]:
    by_frame: dict[int, list[View]] = defaultdict(list)
    for view in views:
        by_frame[view.frame].append(view)
    limit = failures_allowed(config.max_failed, len(frames))
    work = [by_frame[place] for place in sorted(by_frame)]
    found = ctx.map(partial(read_views, frames=frames), work, setup=TextRecogniser, max_failed=limit)
    return [reading for read in found if not isinstance(read, FailedItem) for reading in read]


def read_views(recogniser: TextRecogniser, views: Sequence[View], frames: Frames) -> list[Reading]:
    """The readings of several views in one picture."""
    frame = frames[views[0].frame]
    image = frame.image()
    scale = image.shape[1] / frames.info.width
    readings = []
    for view in views:
        line = recogniser.read(image, view.quad * scale)
        score = round(line.score, SCORE_DECIMALS)
        readings.append(Reading(view.track, frame.t, line.text, score, line.letters, view.quad))
    return readings


def _unsettled(readings: Sequence[Reading], views: Mapping[int, Sequence[View]]) -> list[int]:
    """Tracks whose readings differ, or are not sure."""
    said: dict[int, list[Reading]] = defaultdict(list)
    for reading in readings:
        said[reading.track].append(reading)
    return [
        track
        for track in views
        if len({_bare(r.text) for r in said[track]}) > 1 or any(r.score < SURE for r in said[track])
    ]


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
