"""The base of inference: a model is loaded once and asked in batches."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import BaseModel

from stages.core.context import RuntimeContext
from stages.core.errors import UsageError
from stages.datatypes import Dataset, ONNXModel
from stages.plugins import BaseInferenceAction, InferenceContext, PluginDiscovery
from stages.steps import BaseStep, StepFailed, StepRegistry, StepResult
from tests.unit.harness import make_context, run_stage
from tests.unit.line_fits import FitParams, Heard, numbers
from tests.unit.plugin_folders import PluginFolders


class LineParams(BaseModel):
    requests: list[float] = [0, 1, 2, 3, 4]
    model: str = ""


class LineAction(BaseInferenceAction[LineParams]):
    batch_size = 2
    loads: ClassVar[list[str]] = []
    batches: ClassVar[list[int]] = []

    def load_model(self, path: Path) -> dict[str, float]:
        self.loads.append(path.name)
        return {name: float(value) for name, value in np.load(path).items()}

    def infer(self, batch: list[Any]) -> list[Any]:
        self.batches.append(len(batch))
        return [self.model["slope"] * x + self.model["offset"] for x in batch]


def line(folder: Path, slope: float) -> Path:
    folder.mkdir(exist_ok=True)
    np.savez(folder / "line.npz", slope=slope, offset=1.0)
    return folder / "line.npz"


def test_a_model_is_loaded_once_and_asked_in_batches(tmp_path: Path) -> None:
    LineAction.loads.clear()
    LineAction.batches.clear()
    files = [line(tmp_path / str(slope), slope) for slope in (2.0, 5.0, 7.0)]
    heard = Heard()
    written, _ = run_stage(LineAction.definition(), {"model": str(files[0])}, {}, tmp_path, ctx=make_context(heard))
    assert written["output"] == {"results": [1, 3, 5, 7, 9]}
    assert LineAction.batches == [2, 2, 1]
    assert heard.told[0] == (10, "model_download")
    assert heard.told[-1] == (100, "inference")
    assert (46, "inference") in heard.told
    run_stage(LineAction.definition(), {"model": str(files[0]), "requests": []}, {}, tmp_path)
    assert LineAction.loads == ["line.npz"]
    for file in (*files[1:], files[0]):  # more than are kept
        run_stage(LineAction.definition(), {"model": str(file)}, {}, tmp_path)
    assert len(LineAction.loads) == 4


class ScaledParams(LineParams):
    scale: float = 1


def scaled_action() -> type[BaseInferenceAction[Any]]:
    """A class made anew at each call, as by a notebook's cell that is run again."""

    class ScaledAction(BaseInferenceAction[ScaledParams]):
        loads: ClassVar[list[float]] = []

        def load_model(self, path: Path) -> float:
            self.loads.append(self.params.scale)
            return self.params.scale

        def infer(self, batch: list[Any]) -> list[Any]:
            return [self.model * x for x in batch]

    return ScaledAction


def test_a_model_is_loaded_for_each_choice_of_parameters_and_by_each_class(tmp_path: Path) -> None:
    file = str(line(tmp_path / "line", 1.0))
    one, other = scaled_action(), scaled_action()

    def ask(action: Any, scale: float, *requests: float) -> Any:
        given = {"model": file, "scale": scale, "requests": requests}
        return action(given, make_context()).run()["results"]

    assert [ask(one, 2, 1), ask(one, 5, 1), ask(one, 2, 3, 4), ask(other, 2, 1)] == [[2], [5], [6, 8], [2]]
    assert (one.loads, other.loads) == ([2, 5], [2])  # type: ignore[attr-defined]


ASK = """
    from pydantic import BaseModel
    from stages.plugins import BaseInferenceAction

    LOADS = []

    class AskParams(BaseModel):
        requests: list[int] = [1]
        model: str

    class AskAction(BaseInferenceAction[AskParams]):
        def load_model(self, path):
            LOADS.append(self.action_name)
            return len(LOADS)

        def infer(self, batch):
            return [self.model for _ in batch]
"""
TWICE = "actions:\n  ask: {entrypoint: 'ask:AskAction'}\n  ask_again: {entrypoint: 'ask:AskAction'}\n"


def test_a_plugin_that_is_opened_again_has_its_model_still(tmp_path: Path) -> None:
    folder, file = PluginFolders(tmp_path).write("asking", {"ask.py": ASK}, TWICE), line(tmp_path / "line", 3.0)

    def ask(name: str) -> Any:
        action = PluginDiscovery.from_path(folder).get_action_class(name)
        return action({"model": str(file)}, make_context()).run()["results"]

    assert [ask(name) for name in ("ask", "ask_again", "ask", "ask_again")] == [[1], [2], [1], [2]]


class Doubled(BaseInferenceAction[LineParams]):
    """Reads its model, which is one of ONNX."""

    input_type = ONNXModel

    def infer(self, batch: list[Any]) -> list[Any]:
        [found] = self.model.run(None, {"x": np.array(batch, np.float32)})
        return [float(value) for value in found]


def test_an_onnx_model_that_is_read_needs_no_way_to_load_it(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "doubled", [x], [y])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), tmp_path / "d.onnx")
    model = ONNXModel.from_file(tmp_path / "d.onnx")
    written, _ = run_stage(Doubled.definition(), {"requests": [1, 2.5]}, {"input": model}, tmp_path)
    assert written["output"] == {"results": [2, 5]}


def test_what_an_inference_lacks_is_told(tmp_path: Path) -> None:
    ctx = RuntimeContext(logging.getLogger("test"), {})

    class Short(LineAction):
        def infer(self, batch: list[Any]) -> list[Any]:
            return []

    class Unloadable(BaseInferenceAction[LineParams]):
        def infer(self, batch: list[Any]) -> list[Any]:
            return [self.model]

    class Reading(BaseInferenceAction[FitParams]):
        input_type = Dataset

        def infer(self, batch: list[Any]) -> list[Any]:
            return batch

    with pytest.raises(StepFailed, match="was given no model; let it read one"):
        LineAction({}, ctx).run()
    file = str(line(tmp_path / "line", 1.0))
    with pytest.raises(StepFailed, match="gave 0 answers to 2 requests; give one for each"):
        Short({"model": file}, ctx).run()
    with pytest.raises(StepFailed, match=r"has no load_model\(\), which could load line.npz"):
        Unloadable({"model": file}, ctx).run()
    ctx.input = numbers(tmp_path / "data")
    with pytest.raises(UsageError, match=r"reads a Dataset, which is no list of requests; write get_requests\(\)"):
        Reading({}, ctx).run()
    with pytest.raises(UsageError, match="was given no model"):
        _ = LineAction({}, ctx).model


def test_steps_of_its_own_stand_in_place_of_those_of_the_base() -> None:
    class Answer(BaseStep[InferenceContext]):
        name = "inference"

        def execute(self, context: InferenceContext) -> StepResult:
            context.results = [request + 1 for request in context.requests]
            return StepResult()

    class OwnAction(BaseInferenceAction[LineParams]):
        def setup_steps(self, registry: StepRegistry[InferenceContext]) -> None:
            registry.register(Answer())

    found = OwnAction({"requests": [1.0, 2.0]}, RuntimeContext(logging.getLogger("test"), {})).run()
    assert found == {"results": [2, 3]}
