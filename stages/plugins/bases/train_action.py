"""Actions that train a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from stages.core.errors import ContractError
from stages.datatypes import Dataset, Model, ModelWeights, ONNXModel
from stages.datatypes.model import WEIGHTS
from stages.plugins.action import P
from stages.plugins.bases.action_context import ActionContext
from stages.plugins.bases.stepped_action import SteppedAction
from stages.plugins.categories import PluginCategory


@dataclass
class TrainContext(ActionContext):
    """What training hands on.

    dataset     the action's input, where it is a Dataset; or whatever a step puts here
    model_path  the file or folder of the trained model
    model       the trained model, once it is kept
    """

    dataset: Any = None
    model_path: str | Path | None = None
    model: Any = None

    def unpack_dataset(self, folder: str | Path | None = None) -> Path:
        """Write the dataset's files into a folder, by default one of this run; gives it. Raises ContractError where
        there is no dataset."""
        if not isinstance(self.dataset, Dataset):
            found = "nothing" if self.dataset is None else f"a {type(self.dataset).__name__}"
            raise ContractError(f"The dataset is {found}; expected a Dataset. Declare it as the action's input_type.")
        return self.dataset.unpack(folder or self.work_folder / "dataset")

    def keep_model(self, path: str | Path, **said: Any) -> Model:
        """A trained model as what the action gives, its files in the store: ONNXModel for .onnx, ModelWeights for
        other files of weights, Model for a folder and anything else. `said` are the fields of ModelInfo."""
        self.model_path = place = Path(path)
        ending = place.suffix.lower()
        kind = ONNXModel if ending == ".onnx" else ModelWeights if ending in WEIGHTS else Model
        made = Model.from_folder(place, **said) if place.is_dir() else kind.from_file(place, **said)
        self.model = kept = made.kept(self.blobs)
        return kept


class BaseTrainAction(SteppedAction[P, TrainContext]):
    """Base of actions that train: write `execute`, or register steps.

    Its progress has the categories dataset, train and model_upload.
    """

    category: ClassVar[PluginCategory | str | None] = PluginCategory.NEURAL_NET
    stage_options: ClassVar[Mapping[str, Any]] = {"progress": {"dataset": 1, "train": 8, "model_upload": 1}}

    def create_context(self) -> TrainContext:
        """See SteppedAction."""
        given = self.ctx.input
        return TrainContext(self.ctx, params=self.params, dataset=given if isinstance(given, Dataset) else None)

    def unpack_dataset(self, folder: str | Path | None = None) -> Path:
        """Write the files of the input, a Dataset, into a folder, by default one of this run; gives it."""
        self.set_progress(0, 1, "dataset")
        place = self.context.unpack_dataset(folder)
        self.set_progress(1, 1, "dataset")
        return place

    def keep_model(self, path: str | Path, **said: Any) -> Model:
        """A trained model as what the action gives, its files in the store. See TrainContext."""
        self.set_progress(0, 1, "model_upload")
        model = self.context.keep_model(path, **said)
        self.set_progress(1, 1, "model_upload")
        return model

    def result_of(self, context: TrainContext, summary: dict[str, Any]) -> Any:
        """The model, where the steps made one."""
        if context.model is None and context.model_path is not None:
            context.keep_model(context.model_path)
        return summary if context.model is None else context.model
