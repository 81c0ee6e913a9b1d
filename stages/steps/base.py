"""One part of a stage, with a weight in its progress and a way back."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from stages.steps.context import BaseStepContext
from stages.steps.errors import UnfitStep
from stages.steps.result import StepResult

C = TypeVar("C", bound=BaseStepContext)


class BaseStep(ABC, Generic[C]):
    """Derive from it with the context as its type: `class Upload(BaseStep[UploadContext])`.

    name                 known by this in its registry, in progress and in messages
    progress_weight      its share of the progress, against those of the other steps; 0 or more
    rollback_on_failure  whether `rollback` is called for the step's own failure too: something may be half done

    These may be class attributes, properties, or set when the step is made. Else a step keeps nothing on itself: one
    registry may be run again, so what it makes belongs into its result or the context.
    """

    if TYPE_CHECKING:  # what may be any of the three is to be read and no more

        @property
        def name(self) -> str: ...
        @property
        def progress_weight(self) -> float: ...
        @property
        def rollback_on_failure(self) -> bool: ...

    else:
        name, progress_weight, rollback_on_failure = "", 1.0, False

    @abstractmethod
    def execute(self, context: C) -> StepResult:
        """Do it. What it raises fails the step."""

    def can_skip(self, context: C) -> bool:
        """Whether there is nothing to do."""
        return False

    def rollback(self, context: C, result: StepResult) -> None:
        """Undo what `execute` did; `result` is what it gave. Called when a later step fails or the job is stopped."""


def check_step(step: Any) -> None:
    """Raises UnfitStep for what is no step, or one without a proper name or weight."""
    if not isinstance(step, BaseStep):
        raise UnfitStep(f"Found {step!r}, expected an instance of a class that derives from BaseStep.")
    kind, name = type(step).__name__, step.name
    if not isinstance(name, str) or not name:
        raise UnfitStep(f"The step {kind} has the name {name!r}; expected a text. Give it an attribute `name`.")
    weight_of(step)


def weight_of(step: BaseStep[Any]) -> float:
    """The weight of a step. Raises UnfitStep for one that is no finite number of 0 or more."""
    weight = step.progress_weight
    sound = isinstance(weight, (int, float)) and not isinstance(weight, bool) and math.isfinite(weight) and weight >= 0
    if not sound:
        problem = f"has the progress_weight {weight!r}; expected a finite number, 0 or more"
        raise UnfitStep(f"Step {step.name!r} {problem}.", step=step.name)
    return float(weight)
