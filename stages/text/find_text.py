"""`find_text`: where in the pictures text stands."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from stages import FailedItem, RuntimeContext, StageConfig, stage
from stages.core.spread import failures_allowed
from stages.datatypes import Box, Boxes, Frame, Frames, MediaInfo
from stages.text.detector import TextDetector

SHARE, SIDES = 0.575, (736, 1104)
"""736 for 720p: half the price of 960, and the same F1 but for chance. 1080p at 736 lost 0.01 to 0.03 of F1 on two
films; at 1104 it does not."""

LABEL = "text"
SCORE_DECIMALS = 4


class FindTextConfig(StageConfig):
    """How closely pictures are searched for text."""

    longest_side: int = Field(
        0,
        ge=0,
        le=4096,
        description="Longest side to which a picture is scaled to find text, pixels; larger finds smaller text, "
        "slower. 0: 0.575 of the video's, at least 736 and at most 1104",
    )
    min_score: float = Field(0.5, ge=0, le=1, description="Least sureness that a place holds text")
    max_failed: float = Field(
        0.05, ge=0, le=1, description="Share of the pictures that may fail to be searched before the stage does"
    )


@stage(
    label="Find text",
    category="text",
    writes=("regions",),
    depends=("rapidocr", "onnxruntime", "opencv-python-headless"),
    retries=1,  # a lost worker costs one attempt
)
def find_text(frames: Frames, config: FindTextConfig, ctx: RuntimeContext) -> Boxes:
    """Find the places of text in every picture, without reading it.

    A picture that cannot be searched is a failed item; with more of them than `max_failed` allows the stage fails.
    """
    setup = partial(TextDetector, config.longest_side or side_for(frames.info), config.min_score)
    limit = failures_allowed(config.max_failed, len(frames))
    found = ctx.map(partial(search, width=frames.info.width), frames, setup=setup, max_failed=limit)
    rows: list[Box] = []
    failed = 0
    for result in found:
        if isinstance(result, FailedItem):
            failed += 1
        else:
            rows += result
    notes = [f"{failed} of {len(frames)} pictures could not be searched for text."] if failed else []
    return Boxes.of(rows, notes)


def side_for(info: MediaInfo) -> int:
    """The longest side, in pixels, at which text of a share of the picture is found, whatever the video's size."""
    low, high = SIDES
    return int(min(high, max(low, round(SHARE * max(info.width, info.height)))))


def search(detector: TextDetector, frame: Frame, width: int) -> list[Box]:
    """The places of text in one picture, in pixels of a source `width` wide."""
    import numpy as np

    image = frame.image()
    scale = np.float32(width / image.shape[1])
    quads, scores = detector.find(image)
    boxes = zip(quads, scores, strict=True)
    return [Box(frame.t, LABEL, round(score, SCORE_DECIMALS), quad * scale) for quad, score in boxes]
