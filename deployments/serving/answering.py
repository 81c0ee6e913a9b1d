"""How a model is asked: by an inference action, or, one of ONNX, as it is."""

from __future__ import annotations

import importlib
import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from deployments.serving.plan import ReplicaPlan
from flows.connections import open_blobs
from flows.settings import read_settings
from stages.core.blobs import BlobStore, using
from stages.core.context import RuntimeContext
from stages.core.errors import UsageError
from stages.core.values import StoredValue, decode_value
from stages.datatypes import Model, ONNXModel
from stages.plugins import BaseInferenceAction, PluginDiscovery
from stages.plugins.loading import load_object
from stages.plugins.package import unpack_package


class Answers(Protocol):
    """What answers; `form` says what it wants to be asked."""

    form: Mapping[str, Any]

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The answer, JSON. Raises ValueError, TypeError or KeyError where the question is wrong."""


def answers_of(plan: ReplicaPlan) -> Answers:
    """What a plan says, loaded and ready."""
    blobs = open_blobs(read_settings())
    model = decode_value(StoredValue(**plan.model), blobs)
    if plan.action:
        return ByAction(_action(plan, blobs, model))
    if not isinstance(model, ONNXModel):
        raise UsageError(f"{plan.name}: a {type(model).__name__} is asked by an action; only an ONNXModel needs none.")
    return ByOnnx(model)


class ByAction:
    """{"requests": […]} -> {"results": […]}, in batches of the action's size."""

    form: Mapping[str, Any] = {"requests": "list"}

    def __init__(self, action: BaseInferenceAction[Any]) -> None:
        self._action = action
        action.loaded_model()  # a replica that is ready has it

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """See Answers."""
        requests = asked["requests"] if asked.keys() == {"requests"} else None
        if not isinstance(requests, list):
            raise ValueError(f'expected {{"requests": [...]}} and nothing else, found the keys {sorted(asked)}')
        size, results = max(1, self._action.batch_size), list[Any]()
        for start in range(0, len(requests), size):
            results += self._action.answered(requests[start : start + size])
        return {"results": results}


class ByOnnx:
    """{"inputs": {name: numbers}} -> {"outputs": {name: numbers}}."""

    def __init__(self, model: ONNXModel) -> None:
        import onnxruntime

        self._folder = tempfile.TemporaryDirectory(prefix="stagewright-served-")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        path = Path(model.save(self._folder.name))
        file = path / model.main if path.is_dir() else path
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._inputs = {one.name: one for one in self._session.get_inputs()}
        self.form: Mapping[str, Any] = {"inputs": {one.name: [one.type, one.shape] for one in self._inputs.values()}}

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """See Answers."""
        import numpy as np

        given = asked["inputs"]
        if not isinstance(given, dict) or given.keys() != self._inputs.keys():
            raise ValueError(f"expected the inputs {sorted(self._inputs)}, found {sorted(given)}")
        arrays = {name: np.array(value, _numpy_type(self._inputs[name].type)) for name, value in given.items()}
        try:
            found = self._session.run(None, arrays)
        except Exception as error:  # what onnxruntime raises for shapes has no class to be told by
            raise ValueError(str(error)) from error
        names = [one.name for one in self._session.get_outputs()]
        return {"outputs": {name: np.asarray(value).tolist() for name, value in zip(names, found, strict=True)}}


def _numpy_type(onnx: str) -> str:
    """`tensor(float)` -> `float32`."""
    inner = onnx.removeprefix("tensor(").removesuffix(")")
    return {"float": "float32", "double": "float64", "string": "str", "bool": "bool"}.get(inner, inner)


def _action(plan: ReplicaPlan, blobs: BlobStore, model: Model) -> BaseInferenceAction[Any]:
    ctx = RuntimeContext(logging.getLogger("ray.serve"), {})
    ctx.input = model
    with using(blobs):
        cls = _packed_class(plan, blobs, ctx) if plan.package else _class(plan.action)
        if not issubclass(cls, BaseInferenceAction):
            raise UsageError(f"{plan.name}: {plan.action} is no BaseInferenceAction.")
        action: BaseInferenceAction[Any] = cls(dict(plan.params), ctx)
        return action


def _packed_class(plan: ReplicaPlan, blobs: BlobStore, ctx: RuntimeContext) -> type[Any]:
    """The class in the plugin, which is unpacked for as long as this process lives."""
    ref: Any = plan.package
    folder = Path(tempfile.mkdtemp(prefix="stagewright-plugin-")) / "plugin"
    plugin = PluginDiscovery.from_path(unpack_package(blobs.get(ref), folder))
    ctx.env = ctx.env.__class__(plugin.config.env, source="the plugin's config").merge(ctx.env)
    found: type[Any] = load_object(plugin.package, plugin.folder, plan.action)
    return found


def _class(entrypoint: str) -> type[Any]:
    module, _, name = entrypoint.partition(":")
    found: type[Any] = getattr(importlib.import_module(module), name)
    return found
