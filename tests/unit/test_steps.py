"""Steps inside a stage: run in order, told of in one figure, undone in reverse when one fails or the job is stopped."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

import stages.steps
from stages import RuntimeContext, StageDefinition, StageIO
from stages.core.errors import InputError, JobStopped, StageFailed, StagewrightError
from stages.steps import (
    BaseStep,
    BaseStepContext,
    LoggingStep,
    Orchestrator,
    StepFailed,
    StepInputError,
    StepRegistry,
    StepResult,
    TimingStep,
    UnfitStep,
    UnknownStep,
    ValidationStep,
)
from tests.unit.harness import make_context, run_stage
from tests.unit.test_state_and_context import Listener


@dataclass
class Desk(BaseStepContext):
    """A context of a user's own: what the steps did, in order."""

    done: list[str] = field(default_factory=list)
    results: dict[str, StepResult] = field(default_factory=dict)


class Note(BaseStep[Desk]):
    """Notes that it ran and that it was undone; `act` is what it does besides."""

    def __init__(
        self,
        name: str,
        act: Callable[[Desk], Any] = lambda desk: None,
        *,
        weight: float = 1,
        skip: bool = False,
        undo: Callable[[Desk], Any] = lambda desk: None,
        undo_own_failure: bool = False,
    ) -> None:
        self._name, self.act, self.weight, self.skip, self.undo = name, act, weight, skip, undo
        self.undo_own_failure = undo_own_failure

    @property
    def name(self) -> str:
        return self._name

    @property
    def progress_weight(self) -> float:
        return self.weight

    @property
    def rollback_on_failure(self) -> bool:
        return self.undo_own_failure

    def execute(self, context: Desk) -> StepResult:
        context.done.append(self.name)
        given = self.act(context)
        return StepResult(rollback_data={"of": self.name}) if given is None else given

    def can_skip(self, context: Desk) -> bool:
        return self.skip

    def rollback(self, context: Desk, result: StepResult) -> None:
        context.done.append(f"-{self.name}")
        context.results[self.name] = result
        self.undo(context)


def raising(error: BaseException) -> Callable[[Desk], Any]:
    def act(desk: Desk) -> None:
        raise error

    return act


def registry_of(*steps: BaseStep[Desk]) -> StepRegistry[Desk]:
    made = StepRegistry[Desk]()
    for step in steps:
        made.register(step)
    return made


def run(*steps: BaseStep[Desk], desk: Desk | None = None) -> tuple[dict[str, Any], Desk, list[tuple[int, int]]]:
    told: list[tuple[int, int]] = []
    desk = desk or Desk(make_context())
    return Orchestrator(registry_of(*steps), desk, lambda *at: told.append(at)).execute(), desk, told


def fail(*steps: BaseStep[Desk], desk: Desk) -> StepFailed:
    with pytest.raises(StepFailed) as e:
        run(*steps, desk=desk)
    return e.value


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


class TestFailure:
    def test_what_finished_is_undone_last_first_with_its_own_result(self, desk: Desk) -> None:
        cause = ValueError("boom")
        error = fail(Note("a"), Note("b", skip=True), Note("c"), Note("d", raising(cause)), Note("e"), desk=desk)
        assert desk.done == ["a", "c", "d", "-c", "-a"]
        assert desk.results["c"].rollback_data == {"of": "c"}
        assert isinstance(error, RuntimeError)
        assert error.__cause__ is cause
        assert str(error) == "Step 'd' failed: ValueError: boom (rolled back: c, a)"
        told = {"step": "d", "error": "boom", "rolled_back": ["c", "a"], "not_rolled_back": {}}
        assert error.context == told
        assert [(r.success, r.skipped, r.error) for r in desk.step_results] == [
            (True, False, None),
            (True, True, None),
            (True, False, None),
            (False, False, "boom"),
        ]
        assert desk.errors == ["Step 'd' failed: boom"]

    def test_a_rollback_speaks_under_the_name_of_its_step(self) -> None:
        listener = Listener()
        undo = [Note(name, undo=lambda desk: desk.set_metrics({"undone": 1})) for name in ("a", "b")]
        fail(*undo, Note("c", raising(ValueError("boom"))), desk=Desk(make_context(listener)))
        assert [entry[2] for entry in listener.heard if entry[0] == "metrics"] == ["b", "a"]

    def test_each_is_undone_even_if_another_cannot_be(self, desk: Desk) -> None:
        broken = Note("b", undo=raising(OSError("disk is gone")))
        error = fail(Note("a"), broken, Note("c"), Note("d", raising(KeyError("x"))), desk=desk)
        assert desk.done[-3:] == ["-c", "-b", "-a"]
        assert str(error) == (
            "Step 'd' failed: KeyError: 'x' (rolled back: c, a); "
            "the rollback of 'b' failed, so what it did may still be there: OSError: disk is gone"
        )
        assert error.context["not_rolled_back"] == {"b": "OSError: disk is gone"}
        assert desk.errors[1:] == ["Rollback of step 'b' failed: OSError: disk is gone"]

    @pytest.mark.parametrize(
        ("given", "text"),
        [
            (StepResult(success=False, error="no space left"), "no space left"),
            (StepResult(success=False), "it gave success=False without an error"),
            ({"success": True}, "its execute gave {'success': True}; expected a StepResult. "),
        ],
        ids=["with a reason", "without one", "something else"],
    )
    def test_a_step_that_does_not_give_a_success_fails(self, desk: Desk, given: Any, text: str) -> None:
        error = fail(Note("a"), Note("b", lambda desk: given), desk=desk)
        assert str(error).startswith(f"Step 'b' failed: {text}")
        assert error.__cause__ is None
        assert desk.done == ["a", "b", "-a"]
        assert [r.success for r in desk.step_results] == [True, False]

    def test_so_does_one_that_cannot_say_whether_it_can_be_skipped(self, desk: Desk) -> None:
        class Unsure(Note):
            def can_skip(self, context: Desk) -> bool:
                raise LookupError

        error = fail(Note("a"), Unsure("b"), desk=desk)
        assert error.context["error"] == "LookupError"
        assert desk.done == ["a", "-a"]

    def test_the_failed_step_is_undone_only_if_it_asks_for_it(self, desk: Desk) -> None:
        half = StepResult(success=False, error="cut off", rollback_data={"parts": [1]})
        fail(Note("a"), Note("upload", lambda desk: half), desk=desk)
        assert desk.done == ["a", "upload", "-a"]
        desk.done.clear()
        fail(Note("a"), Note("upload", lambda desk: half, undo_own_failure=True), desk=desk)
        assert desk.done == ["a", "upload", "-upload", "-a"]
        assert desk.results["upload"] is half
        desk.done.clear()
        fail(TimingStep(Note("upload", raising(OSError("cut off")), undo_own_failure=True)), desk=desk)
        assert desk.done == ["upload", "-upload"]
        assert desk.results["upload"].error == "cut off"

    def test_a_wrong_input_stays_one_and_is_never_retried(self, desk: Desk) -> None:
        with pytest.raises(StepInputError) as e:
            run(Note("a"), Note("b", raising(InputError("The film is empty."))), desk=desk)
        assert isinstance(e.value, RuntimeError)
        assert isinstance(e.value, InputError)
        assert not isinstance(e.value, StageFailed)
        assert str(e.value) == "Step 'b' failed: InputError: The film is empty. (rolled back: a)"
        assert desk.done == ["a", "b", "-a"]

    def test_any_other_is_retried_like_any_fault_of_a_stage(self, desk: Desk) -> None:
        assert isinstance(fail(Note("a", raising(OSError("no"))), desk=desk), StageFailed)

    def test_the_error_survives_its_way_between_processes(self, desk: Desk) -> None:
        error = fail(Note("a", undo=raising(OSError("no"))), Note("b", raising(OSError("gone"))), desk=desk)
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.context) == (StepFailed, str(error), error.context)

    def test_in_a_stage_it_names_the_stage_too(self, tmp_path: Path) -> None:
        def fn(state: Any) -> dict[str, Any]:
            return Orchestrator(registry_of(Note("a", raising(OSError("gone")))), Desk(state.ctx)).execute()

        stage = StageDefinition("copy", "Copy", "Copies.", StageIO([], ["copied"]), fn=fn)
        with pytest.raises(StepFailed) as e:
            run_stage(stage, {}, {}, tmp_path)
        assert str(e.value) == "Stage 'copy': Step 'a' failed: OSError: gone"
        assert isinstance(e.value.__cause__, OSError)


class TestStop:
    @pytest.mark.parametrize("stop", [JobStopped("Enough."), KeyboardInterrupt(), SystemExit(3)], ids=repr)
    def test_a_job_that_ends_cleans_up_and_ends_as_it_would(self, desk: Desk, stop: BaseException) -> None:
        with pytest.raises(type(stop)) as e:
            run(Note("a"), Note("b", undo_own_failure=True, act=raising(stop)), Note("c"), desk=desk)
        assert e.value is stop
        assert desk.done == ["a", "b", "-b", "-a"]
        assert desk.step_results[-1].success is False

    def test_a_step_hears_of_it_when_it_tells_its_progress_a_rollback_does_not(self) -> None:
        stopped = Event()
        desk = Desk(RuntimeContext(logging.getLogger("test"), {}, stopped=stopped))

        def begin(desk: Desk) -> None:
            stopped.set()
            desk.set_progress(1, 2)
            desk.done.append("went on")

        with pytest.raises(JobStopped):
            run(Note("a", undo=lambda desk: desk.set_progress(1, 1)), Note("b", begin), desk=desk)
        assert desk.done == ["a", "b", "-a"]
        assert desk.errors == []
        with pytest.raises(JobStopped):
            desk.set_progress(1, 2)

    def test_so_does_the_callback_between_two_steps(self) -> None:
        stopped = Event()
        ctx = RuntimeContext(logging.getLogger("test"), {}, stopped=stopped)
        desk = Desk(ctx)
        with pytest.raises(JobStopped):
            Orchestrator(
                registry_of(Note("a", lambda desk: stopped.set()), Note("b")), desk, ctx.set_progress
            ).execute()
        assert desk.done == ["a", "-a"]

    def test_an_interrupt_in_a_rollback_waits_until_the_others_had_their_turn(self, desk: Desk) -> None:
        steps = Note("a"), Note("b", undo=raising(KeyboardInterrupt())), Note("c", raising(OSError("no")))
        with pytest.raises(KeyboardInterrupt):
            run(*steps, desk=desk)
        assert desk.done == ["a", "b", "c", "-b", "-a"]


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


class TestWrappers:
    def logged(self, desk: Desk) -> list[tuple[str, dict[str, Any]]]:
        listener = desk.runtime_ctx._reporter
        assert isinstance(listener, Listener)
        return [(entry[1], entry[2]) for entry in listener.heard if entry[0] == "event"]

    @pytest.fixture
    def desk(self) -> Desk:
        return Desk(make_context(Listener()))

    def test_a_logged_step(self, desk: Desk) -> None:
        run(LoggingStep(Note("copy")), desk=desk)
        start, end = self.logged(desk)
        assert start == ("step_start", {"step": "copy"})
        assert end[0] == "step_end"
        assert end[1].pop("elapsed") >= 0
        assert end[1] == {"step": "copy", "success": True, "error": None}

    @pytest.mark.parametrize(
        ("act", "error"),
        [
            (raising(OSError("gone")), "OSError: gone"),
            (lambda desk: StepResult(success=False, error="gone"), "gone"),
            (lambda desk: 3, None),
        ],
        ids=["raised", "said", "no result"],
    )
    def test_the_end_of_a_failed_step_is_logged_too(self, desk: Desk, act: Any, error: str | None) -> None:
        fail(LoggingStep(Note("copy", act)), desk=desk)
        assert [name for name, _ in self.logged(desk)] == ["step_start", "step_end"]
        end = self.logged(desk)[1][1]
        assert (end["success"], end["error"]) == (False, error)
        assert end["elapsed"] >= 0

    def test_a_timed_step(self, desk: Desk) -> None:
        kept = StepResult(data={"n": 3}, rollback_data={"file": "x"})
        run(TimingStep(Note("copy", lambda desk: kept)), desk=desk)
        [result] = desk.step_results
        assert result.data.pop("duration_seconds") >= 0
        assert result == kept
        assert "duration_seconds" not in kept.data

    def test_a_timed_step_without_a_result(self, desk: Desk) -> None:
        assert "execute gave 3; expected a StepResult" in str(fail(TimingStep(Note("copy", lambda desk: 3)), desk=desk))

    @pytest.mark.parametrize(
        ("wrap", "name"),
        [
            (lambda step: LoggingStep(TimingStep(step)), "logged_timed_copy"),
            (lambda step: TimingStep(LoggingStep(step)), "timed_logged_copy"),
        ],
        ids=["timed inside", "logged inside"],
    )
    def test_they_nest_and_pass_everything_through(self, desk: Desk, wrap: Any, name: str) -> None:
        step = wrap(Note("copy", weight=3, undo_own_failure=True))
        assert (step.name, step.progress_weight, step.rollback_on_failure) == (name, 3, True)
        fail(step, wrap(Note("skipped", skip=True)), Note("last", raising(OSError("no"))), desk=desk)
        assert desk.done == ["copy", "last", "-copy"]
        assert desk.results["copy"].rollback_data == {"of": "copy"}
        assert desk.results["copy"].data["duration_seconds"] >= 0
        assert desk.step_results[1].skipped
        assert [event for event, _ in self.logged(desk)] == ["step_start", "step_end"]


class TestValidation:
    def test_a_name_and_a_weight(self) -> None:
        step = ValidationStep[Desk](lambda desk: True)
        assert step.name == "validation"
        assert 0 < step.progress_weight < 1
        step = ValidationStep(lambda desk: True, name="has_rows", progress_weight=0)
        assert (step.name, step.progress_weight) == ("has_rows", 0)

    @pytest.mark.parametrize("verdict", [True, (True, None), (True, "as it should be"), 1])
    def test_passes(self, desk: Desk, verdict: Any) -> None:
        assert run(ValidationStep(lambda desk: verdict), desk=desk)[0]["success"]

    def test_passes_on_the_truth_of_numpy(self, desk: Desk) -> None:
        assert run(ValidationStep(lambda desk: np.float32(3) > 2), desk=desk)[0]["success"]

    @pytest.mark.parametrize(
        ("verdict", "text"),
        [
            ((False, "3 rows lack a label"), "3 rows lack a label"),
            (False, "The validator of 'rows' said no, and not why."),
            ((False, None), "The validator of 'rows' said no, and not why."),
            (None, "The validator of 'rows' gave None; expected True, False or (False, 'why')."),
            ("yes", "The validator of 'rows' gave 'yes'; expected True, False or (False, 'why')."),
            ([True], "The validator of 'rows' gave [True]; expected True, False or (False, 'why')."),
        ],
    )
    def test_does_not(self, desk: Desk, verdict: Any, text: str) -> None:
        error = fail(Note("a"), ValidationStep(lambda desk: verdict, name="rows"), desk=desk)
        assert error.context["error"] == text
        assert desk.done == ["a", "-a"]

    def test_a_validator_may_raise_and_sees_the_context(self, desk: Desk) -> None:
        def validator(desk: Desk) -> bool:
            raise ValueError(f"after {desk.done}")

        assert str(fail(Note("a"), ValidationStep(validator), desk=desk)) == (
            "Step 'validation' failed: ValueError: after ['a'] (rolled back: a)"
        )
