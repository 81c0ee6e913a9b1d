"""A step that fails, or a job that is stopped: what was done is undone in reverse."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from stages import RuntimeContext, StageDefinition, StageIO
from stages.core.errors import InputError, JobStopped, StageFailed
from stages.steps import Orchestrator, StepFailed, StepInputError, StepResult, TimingStep
from tests.unit.desk import Desk, Note, fail, raising, registry_of, run
from tests.unit.harness import make_context, run_stage
from tests.unit.listener import Listener


@pytest.fixture
def desk() -> Desk:
    return Desk(make_context())


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
