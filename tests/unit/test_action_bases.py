"""Bases of actions: training, exporting and inferring as their users do it, with steps and without."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import BaseModel

from stages.core.context import RuntimeContext, Silence
from stages.core.errors import ContractError, JobStopped, UsageError
from stages.datatypes import Dataset, Model, ModelWeights, ONNXModel
from stages.plugins import (
    BaseAction,
    BaseExportAction,
    BaseInferenceAction,
    BaseTrainAction,
    BaseUploadAction,
    ExportContext,
    InferenceContext,
    TrainContext,
)
from stages.steps import BaseStep, StepFailed, StepRegistry, StepResult
from tests.unit.harness import make_context, run_stage


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


class Unpack(BaseStep[TrainContext]):
    name = "dataset"

    def execute(self, context: TrainContext) -> StepResult:
        return StepResult(data={"folder": context.unpack_dataset()})


class Fit(BaseStep[TrainContext]):
    name = "train"
    progress_weight = 3.0

    def execute(self, context: TrainContext) -> StepResult:
        for done in range(context.params.rounds):
            context.set_progress(done + 1, context.params.rounds)
        context.model_path = fitted(context.step_results[0].data["folder"], context.work_folder)
        return StepResult()


class FitInStepsAction(BaseTrainAction[FitParams]):
    input_type = Dataset
    output_type = ModelWeights

    def setup_steps(self, registry: StepRegistry[TrainContext]) -> None:
        registry.register(Unpack())
        registry.register(Fit())


@pytest.mark.parametrize("action", [FitAction, FitInStepsAction])
def test_training_gives_a_model_that_is_kept_and_leaves_nothing_behind(
    tmp_path: Path, action: type[BaseTrainAction[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    written, envelope = run_stage(action.definition(), {}, {"input": numbers(tmp_path / "data")}, tmp_path)
    assert isinstance(written["output"], ModelWeights)
    weights = np.load(io.BytesIO(written["output"].read()))
    assert np.allclose([weights["slope"], weights["offset"]], [3, 1])
    assert written["output"].info.framework == "numpy"
    assert envelope.blobs
    assert list((tmp_path / "temporary").iterdir()) == []


def test_outside_of_a_stage_the_model_stays_readable_when_the_action_has_ended(tmp_path: Path) -> None:
    ctx = RuntimeContext(logging.getLogger("test"), {})
    ctx.input = numbers(tmp_path / "data")
    model = FitInStepsAction({"rounds": 1}, ctx).run()
    assert set(np.load(io.BytesIO(model.read()))) == {"slope", "offset"}


def test_progress_counts_by_category_without_steps_and_by_step_with_them(tmp_path: Path) -> None:
    data = numbers(tmp_path / "data")
    plain, steps = Heard(), Heard()
    run_stage(FitAction.definition(), {}, {"input": data}, tmp_path, ctx=make_context(plain))
    assert plain.told[:3] == [(0, "dataset"), (10, "dataset"), (30, "train")]
    assert plain.told[-1] == (100, "model_upload")
    run_stage(FitInStepsAction.definition(), {}, {"input": data}, tmp_path, ctx=make_context(steps))
    assert [percent for percent, _ in steps.told] == sorted(percent for percent, _ in steps.told)
    assert (25, "dataset") in steps.told
    assert (62, "train") in steps.told
    assert steps.told[-1] == (100, "train")


def test_options_of_a_class_are_added_to_those_of_its_base() -> None:
    definition = FitAction.definition()
    assert definition.retries == 2
    assert dict(definition.progress) == {"dataset": 1, "train": 8, "model_upload": 1}
    assert list(BaseExportAction.stage_options["progress"]) == ["export"]
    assert list(BaseUploadAction.stage_options["progress"]) == ["validation", "upload", "finalization"]
    assert list(BaseInferenceAction.stage_options["progress"]) == ["model_download", "inference"]
    assert definition.category == "neural_net"
    assert definition.pure
    assert FitAction.params_model is FitParams


def test_the_job_is_stopped_within_a_step_even_when_the_figure_does_not_move(tmp_path: Path) -> None:
    stopped = threading.Event()

    class Long(BaseStep[TrainContext]):
        name = "train"

        def execute(self, context: TrainContext) -> StepResult:
            context.set_progress(0, 10**6)
            stopped.set()
            context.set_progress(1, 10**6)
            return StepResult()

    class LongAction(BaseTrainAction[FitParams]):
        def setup_steps(self, registry: StepRegistry[TrainContext]) -> None:
            registry.register(Long())

    with pytest.raises(JobStopped):
        LongAction({}, RuntimeContext(logging.getLogger("test"), {}, stopped=stopped)).run()


@pytest.mark.parametrize("base", [BaseTrainAction, BaseExportAction, BaseUploadAction, BaseInferenceAction])
def test_an_action_with_nothing_to_do_says_what_to_write(base: type[BaseAction[Any]]) -> None:
    made = type("IdleAction", (base,), {})
    with pytest.raises(ContractError, match=r"'idle' \(IdleAction\) has nothing to do; write its execute"):
        made({}, RuntimeContext(logging.getLogger("test"), {})).run()


def test_training_without_a_dataset_says_what_it_has() -> None:
    with pytest.raises(StepFailed, match="The dataset is nothing; expected a Dataset"):
        FitInStepsAction({}, RuntimeContext(logging.getLogger("test"), {})).run()


class Unit(BaseModel):
    name: str
    good: bool


class ExportParams(BaseModel):
    units: list[Unit] = [Unit(name="a", good=True), Unit(name="b", good=False), Unit(name="c", good=True)]


class Filter(BaseStep[ExportContext]):
    name = "filter"

    def execute(self, context: ExportContext) -> StepResult:
        context.filtered_results = [unit for unit in context.params.units if unit.good]
        return StepResult()


class Write(BaseStep[ExportContext]):
    name = "export"

    def execute(self, context: ExportContext) -> StepResult:
        folder = context.output_folder()
        for unit in context.filtered_results:
            (folder / f"{unit.name}.txt").write_text(unit.name)
        return StepResult()


class UnitsAction(BaseExportAction[ExportParams]):
    output_type = Dataset

    def setup_steps(self, registry: StepRegistry[ExportContext]) -> None:
        registry.register(Filter())
        registry.register(Write())


def test_an_export_gives_the_files_that_its_steps_wrote(tmp_path: Path) -> None:
    written, _ = run_stage(UnitsAction.definition(), {}, {}, tmp_path)
    assert dict(written["output"].read_all()) == {"a.txt": b"a", "c.txt": b"c"}
    assert UnitsAction.definition().category == "export"
    with pytest.raises(ContractError, match="Nothing was exported: there is no output_path"):
        ExportContext(RuntimeContext(logging.getLogger("test"), {})).keep_output()


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
