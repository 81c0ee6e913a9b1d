"""`read_text`: what is written in the pictures."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from stages import FailedItem, RuntimeContext, StageConfig, stage
from stages.datatypes import Frame, Frames, TextRegion, TextRegions
from stages.text.reader import TextReader

SCORE_DECIMALS = 4


class ReadTextConfig(StageConfig):
    """How closely pictures are read."""

    longest_side: int = Field(
        960,
        ge=320,
        le=4096,
        description="Longest side to which a picture is scaled to find text, pixels; larger finds smaller text, slower",
    )
    min_score: float = Field(0.5, ge=0, le=1, description="Least sureness of a reading that is kept, 0-1")
    max_failed: float = Field(
        0.05, ge=0, le=1, description="Share of the pictures that may fail to be read before the stage does, 0-1"
    )


@stage(label="Read text", category="text", writes=("text",), depends=("rapidocr", "onnxruntime"))
def read_text(frames: Frames, config: ReadTextConfig, ctx: RuntimeContext) -> TextRegions:
    """Find and read the text of every picture, one ONNX thread a worker.

    A picture that cannot be read is a failed item; with more of them than `max_failed` allows the stage fails.
    """
    setup = partial(TextReader, config.longest_side, config.min_score)
    limit = max(1, int(config.max_failed * len(frames))) if len(frames) > 1 else 0
    read = partial(read_frame, width=frames.info.width)
    rows: list[TextRegion] = []
    failed = 0
    for result in ctx.map(read, frames, setup=setup, max_failed=limit):
        if isinstance(result, FailedItem):
            failed += 1
        else:
            rows += result
    notes = [f"{failed} of {len(frames)} pictures could not be read."] if failed else []
    return TextRegions.of(rows, notes)


def read_frame(reader: TextReader, frame: Frame, width: int) -> list[TextRegion]:
    """The text of one picture, in pixels of a source `width` wide."""
    import numpy as np

    image = frame.image()
    scale = np.float32(width / image.shape[1])
    return [
        TextRegion(frame.t, text, round(score, SCORE_DECIMALS), quad * scale)
        for text, score, quad in reader.read(image)
    ]
