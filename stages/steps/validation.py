"""A step that only looks whether all is well."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from stages.steps.base import BaseStep, C
from stages.steps.result import StepResult

Verdict = bool | tuple[bool, str | None]
"""Whether all is well, and what is not."""


class ValidationStep(BaseStep[C]):
    """Fails unless `validator(context)` says that all is well: True, or (True, None). (False, "why") says why not.

    What the validator raises fails it too.
    """

    def __init__(
        self, validator: Callable[[C], Verdict], name: str = "validation", progress_weight: float = 0.05
    ) -> None:
        self._validator, self._name, self._weight = validator, name, progress_weight

    @property
    def name(self) -> str:
        """As given."""
        return self._name

    @property
    def progress_weight(self) -> float:
        """As given: little, since looking takes little."""
        return self._weight

    def execute(self, context: C) -> StepResult:
        """Ask the validator."""
        given: Any = self._validator(context)
        passed, why = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
        if not isinstance(passed, Hashable) or passed not in (True, False):  # numpy's truth is as good as Python's
            problem = f"The validator of {self._name!r} gave {given!r:.200}; expected True, False or (False, 'why')."
            return StepResult(success=False, error=problem)
        if passed:
            return StepResult()
        return StepResult(success=False, error=why or f"The validator of {self._name!r} said no, and not why.")
