"""Stages that read datasets and give models. Named to runs by STAGEWRIGHT_STAGE_MODULES."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from stages import blobs, stage
from stages.datatypes import Dataset, ModelWeights, YOLODataset


def _tell(name: str) -> None:
    with Path(os.environ["TOY_LOG"]).open("a") as log:
        log.write(f"{name}\n")


@stage(writes=("background",), category="toys")
def toy_background(dataset: YOLODataset) -> Dataset:
    """The pictures without boxes: part of what was read, copied nowhere by this stage."""
    _tell("background")
    empty = [sample.image for sample in dataset.samples("train") if not len(sample.boxes)]
    return Dataset.of(dataset).only(empty)


@stage(writes=("weights",), category="toys")
def toy_fit(dataset: YOLODataset, background: Dataset) -> ModelWeights:
    """A model of as many bytes as there are boxes, made in a folder that is gone afterwards."""
    _tell("fit")
    with TemporaryDirectory() as folder:
        root = dataset.unpack(Path(folder) / "set")
        assert (root / "data.yaml").is_file()
        boxes = sum(len(sample.boxes) for split in dataset.splits for sample in dataset.samples(split))
        (file := Path(folder) / "best.pt").write_bytes(bytes(boxes))
        said = {"task": "detect", "classes": dataset.classes, "metrics": {"background": len(background)}}
        return ModelWeights.from_file(file, **said).kept(blobs())


@stage(writes=("told",), category="toys")
def toy_tell(weights: ModelWeights) -> dict[str, object]:
    """What came through the store."""
    _tell("tell")
    return {"bytes": len(weights.read()), "classes": list(weights.info.classes), "metrics": dict(weights.info.metrics)}
