"""Actions: stages written as classes, as plugins bring them."""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar, cast

from pydantic import BaseModel

from stages.core.config import StageConfig
from stages.core.context import RuntimeContext
from stages.core.datatype import DataType
from stages.core.definition import StageDefinition
from stages.plugins.action_stage import PluginWords, checked_result, definition_of
from stages.plugins.categories import PluginCategory
from stages.plugins.parameters import check_models, checked_params, names_argument, params_model_of

P = TypeVar("P", bound=BaseModel)


class NoParams(StageConfig):
    """The parameters of an action that has none."""


class NoResult(BaseModel):
    """Stands for a result that is given as it is, unchecked."""


class BaseAction(ABC, Generic[P]):
    """Base of all actions: derive as `class TrainAction(BaseAction[TrainParams])` and write `execute`.

    action_name    its name; by default that of the class in snake case, without `_action`
    category       a PluginCategory, or any other word; the plugin's, where the action says nothing
    input_type     data type of what it reads (a class or its name), given as `ctx.input`; None: it reads nothing
    output_type    data type of what it writes; None: any value that can be stored
    params_model   the pydantic model of its parameters; by default the type parameter
    result_model   a pydantic model by which the result is checked; NoResult: it is not
    stage_options  further fields of the StageDefinition: resources, retries, timeout, version, pure, depends, secrets,
                   progress (weights of its categories of progress)…
    """

    action_name: ClassVar[str] = ""
    category: ClassVar[PluginCategory | str | None] = None
    input_type: ClassVar[type[DataType] | str | None] = None
    output_type: ClassVar[type[DataType] | str | None] = None
    params_model: ClassVar[type[BaseModel]] = NoParams
    result_model: ClassVar[type[BaseModel]] = NoResult
    stage_options: ClassVar[Mapping[str, Any]] = {}

    _named_by_class: ClassVar[bool] = True
    _told_by_plugin: ClassVar[PluginWords | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        check_models(cls)
        says_it = "params_model" in vars(cls) or not names_argument(cls, BaseAction)  # without [P] it is inherited
        if not says_it and (model := params_model_of(cls, BaseAction)) is not None:
            cls.params_model = model
        if "action_name" in vars(cls):
            cls._named_by_class = False
        elif cls._named_by_class:
            cls.action_name = name_of_class(cls.__name__)

    def __init__(self, params: P | Mapping[str, Any] | None, ctx: RuntimeContext) -> None:
        """`params` as the model, or as a mapping that becomes one. Raises UsageError with every fault of them."""
        self.params = cast(P, checked_params(self.action_name, self.params_model, params))
        self.ctx = ctx

    @abstractmethod
    def execute(self) -> Any:
        """Do the work; what it gives is the result."""

    def run(self) -> Any:
        """Execute, and check the result. Raises ContractError where it is not what `result_model` says."""
        return checked_result(type(self), self.execute())

    @classmethod
    def definition(cls) -> StageDefinition:
        """The stage that this action is. Raises DefinitionError that names the action."""
        return definition_of(cls)

    @property
    def logger(self) -> Any:
        """Where to log."""
        return self.ctx.logger

    def log(self, event: str, data: Mapping[str, Any], file: str | Path | None = None) -> None:
        """Tell that something happened; the content of `file` is kept with the result."""
        self.ctx.log(event, data, file)

    def set_progress(self, current: float, total: float, category: str | None = None) -> None:
        """How far the action is. Raises JobStopped when the job is to end."""
        self.ctx.set_progress(current, total, category)

    def set_metrics(self, value: Mapping[str, Any], category: str) -> None:
        """Figures of this run, kept in the envelope."""
        self.ctx.set_metrics(value, category)

    def autolog(self, framework: str) -> None:
        """Let a library tell its own parameters, progress and metrics from now on.

        Raises UsageError for one that is unknown or not installed.
        """
        from stages.plugins.autolog import autolog

        autolog(framework, self.ctx)


def name_of_class(name: str) -> str:
    """`YOLOTrainAction` -> `yolo_train`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    return re.sub(r"_+", "_", words).removesuffix("_action").strip("_") or words


def is_action(found: object) -> bool:
    """Whether it is an action that can run: a class with `execute`."""
    return isinstance(found, type) and issubclass(found, BaseAction) and not inspect.isabstract(found)
