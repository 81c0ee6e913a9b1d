"""Training that fits a line to points, and what is told of its progress."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel

from stages.core.context import Silence
from stages.datatypes import Dataset, Model, ModelWeights
from stages.plugins import BaseTrainAction


class Heard(Silence):
    """What was told of progress, as (percent, category)."""

    def __init__(self) -> None:
        self.told: list[tuple[float, str | None]] = []

    def progress(self, current: float, total: float, category: str | None) -> None:
        self.told.append((round(100 * current / total), category))


class FitParams(BaseModel):
    rounds: int = 4


def numbers(folder: Path) -> Dataset:
    """Points on a line, in two files."""
    folder.mkdir()
    for part in (0, 1):
        np.save(folder / f"{part}.npy", np.array([[x, 3 * x + 1] for x in range(part, 20, 2)], np.float64))
    return Dataset.from_folder(folder)


def fitted(folder: Path, to: Path) -> Path:
    points = np.concatenate([np.load(file) for file in sorted(folder.glob("*.npy"))])
    slope, offset = np.polyfit(points[:, 0], points[:, 1], 1)
    np.savez(to / "line.npz", slope=slope, offset=offset)
    return to / "line.npz"


class FitAction(BaseTrainAction[FitParams]):
    """Fits a line, in its own execute."""

    input_type = Dataset
    output_type = ModelWeights
    stage_options: ClassVar[Mapping[str, Any]] = {"retries": 2}

    def execute(self) -> Model:
        folder = self.unpack_dataset()
        for _ in self.each(range(self.params.rounds), "train"):
            file = fitted(folder, self.context.work_folder)
        self.set_metrics({"rounds": self.params.rounds}, "train")
        return self.keep_model(file, task="regression")
