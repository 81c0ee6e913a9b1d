"""The steps of a stage, in order."""

from __future__ import annotations

from typing import Generic

from stages.core.suggest import did_you_mean
from stages.steps.base import BaseStep, C, check_step, weight_of
from stages.steps.errors import UnfitStep, UnknownStep


class StepRegistry(Generic[C]):
    """Steps in the order in which they run. A refused change leaves it as it was."""

    def __init__(self) -> None:
        self._steps: list[BaseStep[C]] = []

    def register(self, step: BaseStep[C]) -> None:
        """Put a step at the end. Raises UnfitStep where its name is taken, or it has no proper name or weight."""
        self._put(len(self._steps), step)

    def unregister(self, name: str) -> None:
        """Take a step out. Raises UnknownStep."""
        del self._steps[self._place(name)]

    def insert_before(self, name: str, step: BaseStep[C]) -> None:
        """Put a step right before the one of this name. Raises UnknownStep, and what `register` raises."""
        self._put(self._place(name), step)

    def insert_after(self, name: str, step: BaseStep[C]) -> None:
        """Put a step right after the one of this name. Raises UnknownStep, and what `register` raises."""
        self._put(self._place(name) + 1, step)

    def get_steps(self) -> list[BaseStep[C]]:
        """The steps in order; a copy."""
        return list(self._steps)

    @property
    def total_weight(self) -> float:
        """The sum of the steps' weights as they are now."""
        return sum(map(weight_of, self._steps), 0.0)

    def _names(self) -> list[str]:
        return [step.name for step in self._steps]

    def _place(self, name: str) -> int:
        names = self._names()
        if name not in names:
            raise UnknownStep(f"There is no step {name!r}{did_you_mean(str(name), names)}", step=name)
        return names.index(name)

    def _put(self, place: int, step: BaseStep[C]) -> None:
        check_step(step)
        names = self._names()
        if step.name in names:
            listed = ", ".join(names)
            raise UnfitStep(
                f"There is a step {step.name!r} already; rename one of the two. There are: {listed}.", step=step.name
            )
        self._steps.insert(place, step)
