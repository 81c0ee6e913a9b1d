"""Actions that ask a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from stages.core.errors import ContractError, UsageError
from stages.datatypes import Model, ONNXModel
from stages.plugins.action import P
from stages.plugins.action_stage import plugin_words
from stages.plugins.bases.action_context import ActionContext
from stages.plugins.bases.loaded_models import LoadedModel, loaded
from stages.plugins.bases.stepped_action import SteppedAction
from stages.steps import BaseStep, StepRegistry, StepResult


@dataclass
class InferenceContext(ActionContext):
    """What an inference hands on.

    model_path  the model's file, or folder if it has several, on this machine
    model       the model as it was loaded
    requests    what it is asked, in order
    results     its answers, in the order of the requests
    """

    model_path: str | Path | None = None
    model: Any = None
    requests: list[Any] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)


class BaseInferenceAction(SteppedAction[P, InferenceContext]):
    """Base of actions that infer: write `infer`; or `execute`, or register steps of your own.

    batch_size  how many requests are asked at once, at most

    Its progress has the categories model_download and inference.
    """

    batch_size: ClassVar[int] = 16
    stage_options: ClassVar[Mapping[str, Any]] = {"progress": {"model_download": 1, "inference": 9}}

    def infer(self, batch: list[Any]) -> list[Any]:
        """The answers to some requests, one for each, in their order. `self.model` is the model."""
        raise self._lacks("infer()")

    def load_model(self, path: Path) -> Any:
        """Load the model from its file, or folder. By default an .onnx file, as a session of onnxruntime with one
        thread; write it for any other kind."""
        if path.suffix.lower() != ".onnx":
            raise self._lacks(f"load_model(), which could load {path.name}")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def get_model(self) -> Model:
        """The model as it is kept: by default the input, or what lies at the address in the parameter `model`."""
        if isinstance(self.ctx.input, Model):
            return self.ctx.input
        address = getattr(self.params, "model", None)
        if not isinstance(address, str) or not address:
            hint = "let it read one (input_type), give it a parameter `model`, or write get_model()"
            raise UsageError(f"Action {self.action_name!r} was given no model; {hint}.", action=self.action_name)
        return (ONNXModel if address.lower().endswith(".onnx") else Model).from_address(address)

    def get_requests(self) -> list[Any]:
        """What the model is asked: by default the parameter `requests`, or else the input, unless that is the model.
        Write it where the input is something else than a list."""
        given = getattr(self.params, "requests", None)
        if given is None and not isinstance(self.ctx.input, Model):
            given = self.ctx.input
        if given is not None and not isinstance(given, Iterable):
            what = f"a {type(given).__name__}, which is no list of requests; write get_requests()"
            raise UsageError(f"Action {self.action_name!r} reads {what}.", action=self.action_name)
        return [] if given is None else list(given)

    @property
    def model(self) -> Any:
        """The model as `load_model` gives it, loaded once for this process and these parameters."""
        return self.loaded_model().value

    def loaded_model(self) -> LoadedModel:
        """The model and where it was loaded from. What `load_model` makes of it may depend on every parameter but
        `requests`, which are what it is asked."""
        params = self.params.model_dump_json(exclude={"requests"})
        return loaded((_written(type(self)), self.action_name, params), self.get_model(), self.load_model)

    def create_context(self) -> InferenceContext:
        """See SteppedAction."""
        return InferenceContext(self.ctx, params=self.params, requests=self.get_requests())

    def setup_steps(self, registry: StepRegistry[InferenceContext]) -> None:
        """By default DownloadModel and Infer, where there is an `infer`."""
        if type(self).infer is not BaseInferenceAction.infer:
            registry.register(DownloadModel(self))
            registry.register(Infer(self))

    def result_of(self, context: InferenceContext, summary: dict[str, Any]) -> Any:
        """The answers."""
        return {"results": context.results}

    def answered(self, batch: list[Any]) -> list[Any]:
        """What `infer` gives. Raises ContractError where that is not one answer for each request."""
        results = list(self.infer(batch))
        if len(results) != len(batch):
            problem = f"its infer() gave {len(results)} answers to {len(batch)} requests; give one for each"
            raise ContractError(f"Action {self.action_name!r}: {problem}.", action=self.action_name)
        return results

    def _lacks(self, what: str) -> ContractError:
        name = type(self).__name__
        return ContractError(f"Action {self.action_name!r} ({name}) has no {what}; write it.", action=self.action_name)


def _written(cls: type[BaseInferenceAction[Any]]) -> type:
    """The class as it stands in the code: of a second action that a plugin makes of one class, another is made each
    time that the plugin is opened, as by each call of a warm actor."""
    if plugin_words(cls) is None:
        return cls
    return next(own for own in reversed(cls.__mro__) if _name(own) == _name(cls))


def _name(cls: type) -> tuple[str, str]:
    return cls.__module__, cls.__qualname__


class DownloadModel(BaseStep[InferenceContext]):
    """The step that fetches and loads the model of an action."""

    name = "model_download"
    progress_weight = 1.0

    def __init__(self, action: BaseInferenceAction[Any]) -> None:
        self._action = action

    def execute(self, context: InferenceContext) -> StepResult:
        """Put the model and its path into the context."""
        found = self._action.loaded_model()
        context.model, context.model_path = found.value, found.path
        return StepResult(data={"model_path": str(found.path)})


class Infer(BaseStep[InferenceContext]):
    """The step that asks the model of an action, batch by batch."""

    name = "inference"
    progress_weight = 9.0

    def __init__(self, action: BaseInferenceAction[Any]) -> None:
        self._action = action

    def execute(self, context: InferenceContext) -> StepResult:
        """Put the answers into the context."""
        size, requests = max(1, self._action.batch_size), context.requests
        context.results = []
        for start in range(0, len(requests), size):
            context.results += self._action.answered(requests[start : start + size])
            context.set_progress(len(context.results), len(requests))
        return StepResult(data={"requests": len(requests)})
