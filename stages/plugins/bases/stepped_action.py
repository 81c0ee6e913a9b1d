"""Actions that may be made of steps: what the bases for training, export, upload and inference have in common."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any, Generic, TypeVar

from stages.core.errors import ContractError
from stages.plugins.action import BaseAction, P
from stages.plugins.bases.action_context import ActionContext
from stages.steps import Orchestrator, StepRegistry

C = TypeVar("C", bound=ActionContext)
T = TypeVar("T")


class SteppedAction(BaseAction[P], Generic[P, C]):
    """An action with a context, which writes `execute`, or registers steps.

    `stage_options` of a class are added to those of its bases, so that their weights of progress stay.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "stage_options" in vars(cls):
            inherited = next((base.stage_options for base in cls.__mro__[1:] if issubclass(base, BaseAction)), {})
            cls.stage_options = {**inherited, **cls.stage_options}

    def setup_steps(self, registry: StepRegistry[C]) -> None:
        """Register the steps, for an action that has some; by default none."""

    def create_context(self) -> C:
        """The context of this run. Override it to fill in more."""
        raise NotImplementedError

    @cached_property
    def context(self) -> C:
        """The context of this run, made when it is first asked for."""
        return self.create_context()

    def execute(self) -> Any:
        """Run the steps that `setup_steps` registers, and give what `result_of` makes of them.

        Raises StepFailed when one fails, after those before it were rolled back; ContractError where there are none.
        """
        registry = StepRegistry[C]()
        self.setup_steps(registry)
        if not registry.get_steps():
            return self.without_steps()
        return self.result_of(self.context, self._run_steps(registry))

    def without_steps(self) -> Any:
        """What is done where no step is registered. Raises ContractError where the action has no way of its own."""
        name = type(self).__name__
        raise ContractError(
            f"Action {self.action_name!r} ({name}) has nothing to do; write its execute(), or register steps in "
            "setup_steps().",
            action=self.action_name,
        )

    def result_of(self, context: C, summary: dict[str, Any]) -> Any:
        """The action's result once its steps have run; `summary` is what the orchestrator gave."""
        return summary

    def run(self) -> Any:
        """See BaseAction. What belongs to this run alone is removed when it ends."""
        try:
            return super().run()
        finally:
            if "context" in vars(self):
                self.context.close()

    def each(self, items: Collection[T], category: str) -> Iterator[T]:
        """Pass on items, and tell after each how far a category of progress is."""
        for done, item in enumerate(items, 1):
            yield item
            self.set_progress(done, len(items), category)

    def _run_steps(self, registry: StepRegistry[C]) -> dict[str, Any]:
        """The weights are those of the steps now: a step that is called as a category must not count by both."""
        with self.ctx.weighing({}):
            return Orchestrator(registry, self.context, self.context.tell_whole).execute()
