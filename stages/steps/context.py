"""What the steps of one run share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stages.core.context import RuntimeContext
from stages.core.errors import JobStopped
from stages.steps.result import StepResult

Heard = Callable[[float, float], None]
"""Who is told how far the current step is: `current` of `total`, in units of the step."""


@dataclass
class BaseStepContext:
    """Handed to every step. Derive from it (a dataclass too) for what the steps hand on to each other.

    runtime_ctx   the context of the stage that the steps belong to
    step_results  the results so far, in the order of the steps, those of skipped and failed steps too
    errors        what went wrong, in words: the failed step, and each rollback that failed
    current_step  the name of the step that runs

    In a derived dataclass all but the first are given by keyword, so that its own fields need no default.
    """

    runtime_ctx: RuntimeContext
    step_results: list[StepResult] = field(default_factory=list, kw_only=True)
    errors: list[str] = field(default_factory=list, kw_only=True)
    current_step: str | None = field(default=None, kw_only=True)
    _heard: Heard | None = field(default=None, init=False, repr=False, compare=False)
    _rolls_back: bool = field(default=False, init=False, repr=False, compare=False)

    def __init__(
        self,
        runtime_ctx: RuntimeContext,
        step_results: list[StepResult] | None = None,
        errors: list[str] | None = None,
        current_step: str | None = None,
    ) -> None:
        self.runtime_ctx, self.current_step = runtime_ctx, current_step
        self.step_results = [] if step_results is None else step_results
        self.errors = [] if errors is None else errors

    def log(self, event: str, data: Mapping[str, Any], file: str | Path | None = None) -> None:
        """As `RuntimeContext.log`."""
        self.runtime_ctx.log(event, data, file)

    def set_progress(self, current: float, total: float, category: str | None = None) -> None:
        """How far the current step is, or what `category` names. Raises JobStopped when the job is to end.

        Not so in a rollback: a job that is to end must clean up.
        """
        own = category is None or category == self.current_step
        with suppress(*((JobStopped,) if self._rolls_back else ())):
            self.runtime_ctx.set_progress(current, total, self.current_step if own else category)
            if own and self._heard is not None:
                self._heard(current, total)

    def set_metrics(self, value: Mapping[str, Any], category: str | None = None) -> None:
        """As `RuntimeContext.set_metrics`, under the current step's name by default."""
        self.runtime_ctx.set_metrics(value, category if category is not None else self.current_step or "steps")

    @contextmanager
    def _running(self, heard: Heard) -> Iterator[None]:
        """While an orchestrator runs steps on this. One inside a step of another gives back what it found."""
        before = self.current_step, self._heard, self._rolls_back
        self._heard = heard
        try:
            yield
        finally:
            self.current_step, self._heard, self._rolls_back = before

    def _begin_rollback(self) -> None:
        self._heard, self._rolls_back = None, True
