"""`ActionPipeline`: actions one after the other, each reading what the one before it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.graph.check import check_profile
from flows.jobs.job import absolute
from flows.pipelines.as_profile import as_profile, as_yaml
from flows.pipelines.executor import ActionExecutor, PipelineExecutor
from flows.pipelines.members import Item, Member, members_of, refused
from flows.pipelines.parameters import Given, spread
from flows.profiles.model import Profile
from stages.core.datatype import DataType
from stages.core.errors import UsageError

if TYPE_CHECKING:
    from flows.graph.plan import Plan


class ActionPipeline:
    """A chain of actions, checked when it is made.

    Items are action classes, functions made by `@action`, or names of actions' stages ("words.count"). Each action
    reads, if it has an `input_type`, what the one before it wrote; if it has none, it only waits for that one.

    Parameters are given as one mapping (or model): under the id of an action stand its own, and any other key is
    given to every action that has a parameter of that name. Ids are the actions' names; the second `train` is
    `train_2`.
    """

    def __init__(self, actions: Sequence[Item], *, name: str = "", label: str = "") -> None:
        """Raises ProfileError with every fault: no actions, what is no action, neighbours that do not fit."""
        self.members: tuple[Member, ...] = members_of(actions)
        self.name, self.label = name, label

    @property
    def ids(self) -> list[str]:
        """The ids of its actions, in order."""
        return [member.id for member in self.members]

    def to_profile(self, *, name: str = "", label: str = "", params: Given = None) -> Profile:
        """The profile that it is. Its input is called `input`, if the first action reads one, its output `output`.

        Raises ProfileError for parameters that no action has.
        """
        configs, faults = spread(params, self.members)
        if faults:
            raise refused(faults, "What the pipeline was given")
        return as_profile(self.members, configs, name or self.name, label or self.label)

    def to_yaml(self, *, name: str = "", label: str = "", params: Given = None) -> str:
        """The same as a file that can be kept, changed and run: `stagewright run FILE`."""
        return as_yaml(self.to_profile(name=name, label=label, params=params))

    def plan(self, params: Given = None) -> Plan:
        """What would run, with these parameters. Raises ProfileError with everything that is wrong with them."""
        configs, faults = spread(params, self.members)
        plan, found = check_profile(as_profile(self.members, configs, self.name, self.label))
        faults += [fault for fault in found if fault.severity == "error"]
        if plan is None or faults:
            raise refused(faults, "What the pipeline was given")
        return plan

    def execute(self, params: Given, executor: ActionExecutor | PipelineExecutor, input: Any = None) -> Any:
        """Run it and give the result of the last action. Parameters are checked before anything runs.

        `input` is what the first action reads: an address (path or URI), or with an executor of `flows.executors` a
        value of its type as well. Raises ProfileError, UsageError, and what an action fails by.
        """
        if isinstance(executor, PipelineExecutor):
            run_id = self.submit(params, executor, input)
            try:
                return executor.wait(run_id)
            except KeyboardInterrupt:
                executor.cancel(run_id)
                raise
        if not callable(getattr(executor, "execute", None)):
            raise UsageError(f"A {type(executor).__name__} runs nothing; give an executor, such as LocalExecutor().")
        return self._in_turn(self.plan(params), executor, self._value(input))

    def submit(self, params: Given, executor: PipelineExecutor, input: str | Path | None = None) -> str:
        """Start a run that outlives this process; its id. Raises ProfileError and UsageError before it is started."""
        _check_takes_pipelines(executor)
        self._check_input(input)
        return executor.submit(self, params, input)

    def wait(self, run_id: str, executor: PipelineExecutor, timeout_seconds: float | None = None) -> Any:
        """The result of the last action of a run, once it is there. Raises what the run failed by."""
        _check_takes_pipelines(executor)
        return executor.wait(run_id, timeout_seconds)

    def _in_turn(self, plan: Plan, executor: ActionExecutor, value: Any) -> Any:
        for member in self.members:
            given = {"input": value} if member.reads else {}
            value = executor.execute(member.action, plan.stage(member.id).config, **given)
        return value

    def _value(self, input: Any) -> Any:
        """The input as a value."""
        self._check_input(input)
        kind = self.members[0].reads
        is_address = kind is not None and isinstance(input, str | Path) and not isinstance(input, kind)
        return kind.from_address(absolute(str(input))) if kind and is_address else input

    def _check_input(self, input: str | Path | DataType | None) -> None:
        first = self.members[0]
        if first.reads is None and input is not None:
            raise UsageError(f"Action {first.id!r} reads nothing, and the pipeline was given an input.", stage=first.id)
        if first.reads is not None and input is None:
            problem = f"Action {first.id!r} reads a {first.reads.name}: give it as `input`"
            raise UsageError(f"{problem}, by its address.", stage=first.id)

    def __repr__(self) -> str:
        return f"ActionPipeline([{', '.join(member.action.__name__ for member in self.members)}])"


def _check_takes_pipelines(executor: object) -> None:
    if not isinstance(executor, PipelineExecutor):
        raise UsageError(f"A {type(executor).__name__} runs single actions; submit pipelines to RayPipelineExecutor.")
