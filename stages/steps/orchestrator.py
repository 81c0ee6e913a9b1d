"""Running steps one after the other, and back again when one fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic

from stages.core.errors import InputError, JobStopped
from stages.steps.base import BaseStep, C, weight_of
from stages.steps.errors import StepFailed, StepInputError
from stages.steps.progress import ProgressCallback, StepsProgress
from stages.steps.registry import StepRegistry
from stages.steps.result import StepResult


class Orchestrator(Generic[C]):
    """Runs the steps of a registry on a context.

    `progress_callback` is called with (0…100, 100): after each step, and while a step tells of its own progress. The
    stage's own `ctx.set_progress` will do; what it raises between two steps rolls back and is raised as it is.
    """

    def __init__(
        self, registry: StepRegistry[C], context: C, progress_callback: ProgressCallback | None = None
    ) -> None:
        self._registry, self._context, self._callback = registry, context, progress_callback

    def execute(self) -> dict[str, Any]:
        """Run the steps that are registered now: `{"success": True, "steps_executed": n, "steps_total": m}`.

        When a step fails, those that finished are rolled back, last first, each even if another's rollback fails; then
        StepFailed (a RuntimeError) is raised, or StepInputError where the step raised an InputError. A JobStopped and
        what is no Exception, such as KeyboardInterrupt, roll back too and are raised as they are.
        """
        steps = self._registry.get_steps()
        progress = StepsProgress([weight_of(step) for step in steps], self._callback)
        run = _Run(self._context, [])
        with self._context._running(progress.within):
            try:
                for place, step in enumerate(steps):
                    progress.begin(place)
                    run.take(step)
                    progress.end()
                progress.finish()
            except _Failure as failure:
                raise failure.as_error(*run.roll_back()) from failure.__cause__
            except BaseException:
                run.roll_back()
                raise
        executed = sum(not attempt.result.skipped for attempt in run.attempts)
        return {"success": True, "steps_executed": executed, "steps_total": len(steps)}


class _Failure(Exception):
    """A step failed; `__cause__` is what it raised."""

    def __init__(self, step: str, text: str) -> None:
        super().__init__(step, text)
        self.step, self.text = step, text

    def as_error(self, rolled_back: list[str], not_rolled_back: dict[str, str]) -> StepFailed | StepInputError:
        cause = self.__cause__
        told = f"{type(cause).__name__}: {cause}" if cause is not None else self.text
        message = f"Step {self.step!r} failed: {told}"
        if rolled_back:
            message += f" (rolled back: {', '.join(rolled_back)})"
        for name, text in not_rolled_back.items():
            message += f"; the rollback of {name!r} failed, so what it did may still be there: {text}"
        kind = StepInputError if isinstance(cause, InputError) else StepFailed
        return kind(message, step=self.step, error=self.text, rolled_back=rolled_back, not_rolled_back=not_rolled_back)


@dataclass(frozen=True)
class _Attempt(Generic[C]):
    step: BaseStep[C]
    name: str
    result: StepResult

    @property
    def is_to_be_undone(self) -> bool:
        return not self.result.skipped if self.result.success else self.step.rollback_on_failure


@dataclass
class _Run(Generic[C]):
    """One run: what was tried so far, in order."""

    context: C
    attempts: list[_Attempt[C]]

    def take(self, step: BaseStep[C]) -> None:
        """Run or skip one step. Raises _Failure when it fails, and what ends the job as it is."""
        name = self.context.current_step = step.name
        result, error = _tried(step, self.context)
        self.context.step_results.append(result)
        self.attempts.append(_Attempt(step, name, result))
        if error is not None and (isinstance(error, JobStopped) or not isinstance(error, Exception)):
            raise error
        if not result.success:
            text = result.error or "it gave success=False without an error"
            self.context.errors.append(f"Step {name!r} failed: {text}")
            raise _Failure(name, text) from error

    def roll_back(self) -> tuple[list[str], dict[str, str]]:
        """Undo what was done, last first: the names of what was, and of what failed with its error.

        An interrupt in a rollback is raised after the others had their turn.
        """
        self.context._begin_rollback()
        undone, failed, interrupt = list[str](), dict[str, str](), None
        for attempt in reversed([attempt for attempt in self.attempts if attempt.is_to_be_undone]):
            self.context.current_step = attempt.name
            try:
                attempt.step.rollback(self.context, attempt.result)
                undone.append(attempt.name)
            except BaseException as error:  # noqa: BLE001 the others must be undone whatever this one raised
                failed[attempt.name] = f"{type(error).__name__}: {error}"
                self.context.errors.append(f"Rollback of step {attempt.name!r} failed: {failed[attempt.name]}")
                interrupt = interrupt or (None if isinstance(error, Exception) else error)
        if interrupt is not None:
            raise interrupt
        return undone, failed


def _tried(step: BaseStep[C], context: C) -> tuple[StepResult, BaseException | None]:
    """The step's result, or that of its failure with what it raised."""
    try:
        if step.can_skip(context):
            return StepResult(skipped=True), None
        result: Any = step.execute(context)
    except BaseException as error:  # noqa: BLE001 whatever it is, it is first recorded and then dealt with
        return StepResult(success=False, error=str(error) or type(error).__name__), error
    if isinstance(result, StepResult):
        return result, None
    given = f"its execute gave {result!r:.200}; expected a StepResult. End it with `return StepResult(…)`."
    return StepResult(success=False, error=given), None
