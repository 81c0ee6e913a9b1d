"""`find_text`: where in the pictures text stands."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from stages import FailedItem, RuntimeContext, StageConfig, stage
from stages.datatypes import Box, Boxes, Frame, Frames
from stages.text.detector import TextDetector

LABEL = "text"
SCORE_DECIMALS = 4


class FindTextConfig(StageConfig):
    """How closely pictures are searched for text."""

    longest_side: int = Field(
        736,
        ge=320,
        le=4096,
        description="Longest side to which a picture is scaled to find text, pixels; larger finds smaller text, slower",
    )
    min_score: float = Field(0.5, ge=0, le=1, description="Least sureness that a place holds text, 0-1")
    max_failed: float = Field(
        0.05, ge=0, le=1, description="Share of the pictures that may fail to be searched before the stage does, 0-1"
    )


@stage(
    label="Find text",
    category="text",
    writes=("regions",),
    depends=("rapidocr", "onnxruntime", "opencv-python-headless"),
)
def find_text(frames: Frames, config: FindTextConfig, ctx: RuntimeContext) -> Boxes:
    """Find the places of text in every picture, without reading it.

    A picture that cannot be searched is a failed item; with more of them than `max_failed` allows the stage fails.
    """
    setup = partial(TextDetector, config.longest_side, config.min_score)
    limit = max(1, int(config.max_failed * len(frames))) if len(frames) > 1 else 0
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


def search(detector: TextDetector, frame: Frame, width: int) -> list[Box]:
    """The places of text in one picture, in pixels of a source `width` wide."""
    import numpy as np

    image = frame.image()
    scale = np.float32(width / image.shape[1])
    quads, scores = detector.find(image)
    boxes = zip(quads, scores, strict=True)
    return [Box(frame.t, LABEL, round(score, SCORE_DECIMALS), quad * scale) for quad, score in boxes]
