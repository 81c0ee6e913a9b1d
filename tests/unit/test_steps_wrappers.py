"""Steps around steps: logged and timed."""

from __future__ import annotations

from typing import Any

import pytest

from stages.steps import LoggingStep, StepResult, TimingStep
from tests.unit.desk import Desk, Note, fail, raising, run
from tests.unit.harness import make_context
from tests.unit.listener import Listener


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
