"""Steps around another step: what they add shows in the log or in the result, the step stays the same."""

from __future__ import annotations

import time
from abc import abstractmethod
from dataclasses import replace
from typing import Any

from stages.steps.base import BaseStep, C
from stages.steps.result import StepResult


class _Around(BaseStep[C]):
    """A step that is another one in all but its name and what `execute` does besides."""

    prefix: str

    def __init__(self, step: BaseStep[C]) -> None:
        self.step = step

    @property
    def name(self) -> str:
        return f"{self.prefix}_{self.step.name}"

    @property
    def progress_weight(self) -> float:
        return self.step.progress_weight

    @property
    def rollback_on_failure(self) -> bool:
        return self.step.rollback_on_failure

    @abstractmethod
    def execute(self, context: C) -> StepResult: ...

    def can_skip(self, context: C) -> bool:
        return self.step.can_skip(context)

    def rollback(self, context: C, result: StepResult) -> None:
        self.step.rollback(context, result)


class LoggingStep(_Around[C]):
    """Logs the events `step_start` and `step_end`, this one with `elapsed` seconds, also when the step fails."""

    prefix = "logged"

    def execute(self, context: C) -> StepResult:
        """Run the step between two events."""
        context.log("step_start", {"step": self.step.name})
        started = time.perf_counter()
        try:
            result = self.step.execute(context)
        except BaseException as error:
            self._log_end(context, started, success=False, error=f"{type(error).__name__}: {error}")
            raise
        told: Any = result
        success, text = getattr(told, "success", False), getattr(told, "error", None)
        self._log_end(context, started, success, text)
        return result

    def _log_end(self, context: C, started: float, success: bool, error: str | None) -> None:
        elapsed = time.perf_counter() - started
        context.log("step_end", {"step": self.step.name, "elapsed": elapsed, "success": success, "error": error})


class TimingStep(_Around[C]):
    """Puts `duration_seconds` into the result's data."""

    prefix = "timed"

    def execute(self, context: C) -> StepResult:
        """Run the step and time it."""
        started = time.perf_counter()
        result: Any = self.step.execute(context)
        if not isinstance(result, StepResult):
            return result  # type: ignore[no-any-return]  # who runs the steps says what is wrong with it
        return replace(result, data={**result.data, "duration_seconds": time.perf_counter() - started})
