"""Steps inside a stage: run in order, and told of in one figure."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

import stages.steps
from stages.core.errors import StagewrightError
from stages.steps import (
    BaseStep,
    BaseStepContext,
    LoggingStep,
    Orchestrator,
    StepFailed,
    StepResult,
    UnfitStep,
    UnknownStep,
)
from tests.unit.desk import Desk, Note, fail, raising, registry_of, run
from tests.unit.harness import make_context
from tests.unit.listener import Listener


@pytest.fixture
def desk() -> Desk:
    return Desk(make_context())


def test_the_public_names() -> None:
    assert stages.steps.__all__ == [
        "BaseStep",
        "BaseStepContext",
        "LoggingStep",
        "Orchestrator",
        "StepFailed",
        "StepInputError",
        "StepRegistry",
        "StepResult",
        "TimingStep",
        "UnfitStep",
        "UnknownStep",
        "ValidationStep",
    ]
    assert all(hasattr(stages.steps, name) for name in stages.steps.__all__)


class TestStep:
    def test_needs_a_name_and_something_to_do(self) -> None:
        class Nameless(BaseStep[Desk]):
            def execute(self, context: Desk) -> StepResult:
                return StepResult()

        class Idle(BaseStep[Desk]):
            name = "idle"

        with pytest.raises(UnfitStep, match=r"Nameless has the name ''; expected a text. Give it an attribute `name`"):
            registry_of(Nameless())
        with pytest.raises(TypeError, match=r"abstract method '?execute"):
            Idle()  # type: ignore[abstract]

    def test_its_name_and_weight_may_be_given_to_it(self) -> None:
        class Given(BaseStep[Desk]):
            name: str
            progress_weight: float

            def __init__(self, name: str, progress_weight: float) -> None:
                self.name, self.progress_weight = name, progress_weight

            def execute(self, context: Desk) -> StepResult:
                return StepResult()

        registry = registry_of(Given("light", 1), Given("heavy", 3))
        assert [step.name for step in registry.get_steps()] == ["light", "heavy"]
        assert registry.total_weight == 4
        assert run(Given("light", 1), LoggingStep(Given("heavy", 3)))[2] == [(25, 100), (100, 100)]

    def test_a_context_may_have_fields_without_a_default(self) -> None:
        @dataclass
        class Upload(BaseStepContext):
            source: Path
            sent: list[str] = field(default_factory=list)

        ctx = make_context()
        given = BaseStepContext(ctx, [StepResult()], ["late"], "copy")
        assert (len(given.step_results), given.errors, given.current_step) == (1, ["late"], "copy")
        assert (BaseStepContext(ctx).step_results, BaseStepContext(ctx).errors) == ([], [])
        assert Upload(ctx, Path("a")) == Upload(runtime_ctx=ctx, source=Path("a"), sent=[], step_results=[], errors=[])

    def test_class_attributes_are_enough_and_the_rest_has_defaults(self, desk: Desk) -> None:
        class Plain(BaseStep[Desk]):
            name = "plain"
            progress_weight = 2.5

            def execute(self, context: Desk) -> StepResult:
                return StepResult(data={"seen": context.current_step})

        step = Plain()
        assert (step.name, step.progress_weight, step.rollback_on_failure) == ("plain", 2.5, False)
        assert step.can_skip(desk) is False
        step.rollback(desk, StepResult())
        assert run(step, desk=desk)[0] == {"success": True, "steps_executed": 1, "steps_total": 1}
        assert desk.step_results[0].data == {"seen": "plain"}

    def test_a_result_is_a_success_with_the_time_unless_told_otherwise(self) -> None:
        result = StepResult()
        assert (result.success, result.data, result.error, result.rollback_data) == (True, {}, None, {})
        assert result.skipped is False
        assert result.timestamp.utcoffset() == timedelta(0)
        assert StepResult().data is not result.data
        assert StepResult().rollback_data is not result.rollback_data


class TestRun:
    def test_steps_run_in_order_and_see_what_came_before(self) -> None:
        seen: list[tuple[str | None, int]] = []

        def look(desk: Desk) -> None:
            seen.append((desk.current_step, len(desk.step_results)))

        told, desk, _ = run(Note("a", look), Note("b", look, skip=True), Note("c", look))
        assert told == {"success": True, "steps_executed": 2, "steps_total": 3}
        assert desk.done == ["a", "c"]
        assert seen == [("a", 0), ("c", 2)]
        assert [(r.success, r.skipped) for r in desk.step_results] == [(True, False), (True, True), (True, False)]
        assert desk.current_step is None
        assert desk.errors == []

    def test_one_registry_runs_again_with_the_steps_it_has_then(self) -> None:
        registry, desks = registry_of(Note("a")), [Desk(make_context()), Desk(make_context())]
        first, second = (Orchestrator(registry, desk) for desk in desks)
        assert first.execute()["steps_executed"] == 1
        registry.register(Note("b"))
        assert second.execute()["steps_executed"] == 2
        assert [desk.done for desk in desks] == [["a"], ["a", "b"]]

    def test_a_step_that_finds_nothing_to_do_may_say_so_itself(self) -> None:
        told, desk, _ = run(Note("a", lambda desk: StepResult(skipped=True)), Note("b"))
        assert told["steps_executed"] == 1
        assert fail(Note("a", lambda desk: StepResult(skipped=True)), Note("b", raising(OSError("no"))), desk=desk)
        assert "-a" not in desk.done

    def test_without_steps_nothing_is_done_at_once(self) -> None:
        assert run()[0] == {"success": True, "steps_executed": 0, "steps_total": 0}
        assert run()[2] == [(100, 100)]

    def test_a_run_inside_a_step_of_another(self) -> None:
        def inner(desk: Desk) -> None:
            Orchestrator(registry_of(Note("inner")), desk).execute()
            desk.set_progress(1, 2)
            desk.done.append(f"in {desk.current_step}")

        _, desk, told = run(Note("outer", inner), Note("last"))
        assert desk.done == ["outer", "inner", "in outer", "last"]
        assert told == [(25, 100), (50, 100), (100, 100)]


class TestProgress:
    def test_weights_count(self) -> None:
        assert run(Note("a", weight=1), Note("b", weight=3, skip=True), Note("c"), Note("d", weight=0))[2] == [
            (20, 100),
            (80, 100),
            (99, 100),  # all the weight there is, but not all there is to do
            (100, 100),
        ]

    def test_a_step_tells_of_its_own(self) -> None:
        def act(desk: Desk) -> None:
            desk.set_progress(1, 4)
            desk.set_progress(1, 8)  # backwards
            desk.set_progress(9, 10, "frames")  # no part of the step's own
            desk.set_progress(7, 2, "b")
            desk.set_progress(1, 0)
            desk.set_progress(float("nan"), 2)

        assert run(Note("a"), Note("b", act))[2] == [(50, 100), (62, 100), (99, 100), (100, 100)]

    def test_the_stage_hears_it_under_the_name_of_the_step(self) -> None:
        listener = Listener()

        def act(desk: Desk) -> None:
            desk.set_progress(1, 4)
            desk.set_progress(1, 2, "frames")
            desk.set_metrics({"loss": 1})
            desk.set_metrics({"loss": 2}, "train")
            desk.log("saved", {"n": 1}, file=Path("w.onnx"))

        run(Note("fit", act), desk=Desk(make_context(listener)))
        assert listener.heard == [
            ("progress", 1, 4, "fit"),
            ("progress", 1, 2, "frames"),
            ("metrics", {"loss": 1}, "fit"),
            ("metrics", {"loss": 2}, "train"),
            ("event", "saved", {"n": 1}, "w.onnx"),
        ]

    def test_outside_of_a_run_a_context_still_speaks(self) -> None:
        listener = Listener()
        desk = BaseStepContext(make_context(listener))
        desk.set_progress(1, 2)
        desk.set_metrics({"n": 1})
        assert listener.heard == [("progress", 1, 2, None), ("metrics", {"n": 1}, "steps")]


class TestErrors:
    def test_they_are_what_a_python_user_expects(self) -> None:
        for kind, known in ((UnknownStep, KeyError), (UnfitStep, ValueError), (StepFailed, RuntimeError)):
            again = pickle.loads(pickle.dumps(kind("There is no 'x'.", step="x")))
            assert isinstance(again, known)
            assert isinstance(again, StagewrightError)
            assert (str(again), again.context) == ("There is no 'x'.", {"step": "x"})
