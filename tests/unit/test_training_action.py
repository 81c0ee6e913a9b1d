"""The base of training, with steps and without."""

from __future__ import annotations

import io
import logging
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.core.context import RuntimeContext
from stages.core.errors import JobStopped
from stages.datatypes import Dataset, ModelWeights
from stages.plugins import BaseTrainAction, TrainContext
from stages.steps import BaseStep, StepFailed, StepRegistry, StepResult
from tests.unit.harness import make_context, run_stage
from tests.unit.line_fits import FitAction, FitParams, Heard, fitted, numbers


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


def test_training_without_a_dataset_says_what_it_has() -> None:
    with pytest.raises(StepFailed, match="The dataset is nothing; expected a Dataset"):
        FitInStepsAction({}, RuntimeContext(logging.getLogger("test"), {})).run()
