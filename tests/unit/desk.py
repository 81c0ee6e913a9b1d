"""Steps that note what they did, and a context that they note it in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from stages.steps import BaseStep, BaseStepContext, Orchestrator, StepFailed, StepRegistry, StepResult
from tests.unit.harness import make_context


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
