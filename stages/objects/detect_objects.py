"""`detect_objects`: what things are in the pictures, and where."""

from __future__ import annotations

from functools import partial
from typing import Self

from pydantic import Field, model_validator

from stages import FailedItem, RuntimeContext, StageConfig, stage
from stages.core.spread import failures_allowed
from stages.core.suggest import did_you_mean
from stages.datatypes import Box, Boxes, Frame, Frames
from stages.objects.coco import LABELS
from stages.objects.nanodet import DIGEST, Limits, ObjectDetector

SCORE_DECIMALS = 4


class DetectObjectsConfig(StageConfig):
    """What is looked for, and how sure it must be."""

    labels: list[str] = Field(
        [], description="What to look for, by COCO's names (person, bicycle, car, dog…); none named: all 80"
    )
    min_score: float = Field(0.35, ge=0.05, le=1, description="Least sureness that a thing is there")
    max_overlap: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Two boxes of a label are one thing if they overlap more (intersection over union)",
    )
    max_failed: float = Field(
        0.05, ge=0, le=1, description="Share of the pictures that may fail to be searched before the stage does"
    )

    @model_validator(mode="after")
    def _labels_are_known(self) -> Self:
        for label in self.labels:
            if label not in LABELS:
                raise ValueError(f"labels: the detector does not know {label!r}{did_you_mean(label, LABELS)}")
        return self


@stage(
    label="Detect objects",
    category="objects",
    writes=("objects",),
    depends=("onnxruntime", "opencv-python-headless", DIGEST),
    retries=1,  # a lost worker costs one attempt
)
def detect_objects(frames: Frames, config: DetectObjectsConfig, ctx: RuntimeContext) -> Boxes:
    """Find people, vehicles, animals and other things in every picture.

    A picture that cannot be searched is a failed item; with more of them than `max_failed` allows the stage fails.
    """
    setup = partial(ObjectDetector, Limits(config.min_score, config.max_overlap))
    wanted = frozenset(config.labels or LABELS)
    limit = failures_allowed(config.max_failed, len(frames))
    look = partial(search, wanted=wanted, width=frames.info.width)
    found = list(ctx.map(look, frames, setup=setup, max_failed=limit))
    failed = sum(isinstance(result, FailedItem) for result in found)
    rows = [box for result in found if not isinstance(result, FailedItem) for box in result]
    return Boxes.of(rows, [f"{failed} of {len(frames)} pictures could not be searched for objects."] if failed else [])


def search(detector: ObjectDetector, frame: Frame, wanted: frozenset[str], width: int) -> list[Box]:
    """The wanted things in one picture, the surest first, in pixels of a source `width` wide."""
    import numpy as np

    image = frame.image()
    scale = np.float32(width / image.shape[1])
    found = detector.find(image)
    quads = found.corners[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2) * scale
    rows = zip(found.labels, found.scores.tolist(), quads, strict=True)
    return [Box(frame.t, label, round(score, SCORE_DECIMALS), quad) for label, score, quad in rows if label in wanted]
