"""The actions of a pipeline: what each item of the list means, under which id it stands, and whether neighbours fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import Path
from typing import Any

from flows.profiles.entry_form import own_name
from flows.profiles.ids import RESERVED
from stages.core.datatype import DataType
from stages.core.definition import StageDefinition
from stages.core.errors import ProfileError, StagewrightError
from stages.core.registry import get_stage, register_stage
from stages.documents.faults import Fault
from stages.plugins.action import BaseAction, is_action
from stages.plugins.action_stage import INPUT, OUTPUT, plugin_words, stage_of

Item = Any
"""An action class, a function made by `@action`, or the name of an action's stage ("words.count")."""


@dataclass(frozen=True)
class Member:
    """An action in its place. `id` is its name, with a number behind it where the pipeline has it more than once."""

    id: str
    definition: StageDefinition
    action: type[BaseAction[Any]]

    @property
    def reads(self) -> type[DataType] | None:
        """What it reads; None: nothing."""
        return self.definition.read_types.get(INPUT)

    @property
    def writes(self) -> type[DataType] | None:
        """What it writes; None: any value."""
        return self.definition.write_types.get(OUTPUT)

    @property
    def plugin(self) -> Path | None:
        """The folder of the plugin that brings it, if one does."""
        words = plugin_words(self.action)
        return words.folder if words else None


def members_of(items: Sequence[Item]) -> tuple[Member, ...]:
    """The actions that are meant, known as stages in this process from now on.

    Raises ProfileError with every fault: an empty pipeline, what is no action, neighbours that do not fit.
    """
    faults: list[Fault] = []
    if isinstance(items, str) or not isinstance(items, Sequence):
        faults.append(Fault(f"a pipeline is a list of actions; it was given {items!r}"))
    elif not items:
        faults.append(Fault("a pipeline has at least one action; the list is empty"))
    found = [] if faults else [_found(place, item, faults) for place, item in enumerate(items, 1)]
    faults += misfits(found)
    if faults:
        raise refused(faults)
    return _with_ids([member for member in found if member])


def misfits(members: Sequence[Member | None]) -> Iterator[Fault]:
    """Neighbours of which the second cannot read what the first writes. Where one of the two declares no type nothing
    can be said before it runs."""
    for first, second in pairwise(members):
        if first and second and first.writes and second.reads and not second.reads.is_compatible_with(first.writes):
            text = f"{first.action.__name__} writes {first.writes.name}, but {second.action.__name__} reads "
            yield Fault(text + second.reads.name)


def refused(faults: Sequence[Fault], what: str = "The pipeline") -> ProfileError:
    """The error that carries all faults of a pipeline."""
    errors = [fault for fault in faults if fault.severity == "error"]
    head = f"{what} has {len(errors)} fault{'s' if len(errors) != 1 else ''}:"
    return ProfileError("\n  ".join([head, *map(str, errors)]), faults=list(faults))


def class_of(definition: StageDefinition) -> type[BaseAction[Any]] | None:
    """The action that a stage is, if it is one."""
    found: Any = getattr(definition.source, "action_class", definition.source)
    return found if is_action(found) else None


def _found(place: int, item: Item, faults: list[Fault]) -> Member | None:
    try:
        definition = get_stage(item) if isinstance(item, str) else _registered(item)
        if (action := class_of(definition)) is not None:
            return Member("", definition, action)
        problem = f"{item!r} is a stage and no action; a profile takes stages of every kind"
    except StagewrightError as error:
        problem = error.message.rstrip(".")
    except TypeError:
        problem = f"{item!r} is no action; give a class that derives from BaseAction, what @action made, or a name"
    faults.append(Fault(f"item {place}: {problem}"))
    return None


def _registered(item: Item) -> StageDefinition:
    """The stage of a class or function. Raises TypeError for what is neither, StagewrightError for what can be none."""
    action = getattr(item, "action_class", item)
    if not (isinstance(action, type) and issubclass(action, BaseAction)):
        raise TypeError(item)
    return register_stage(stage_of(action))


def _with_ids(members: Sequence[Member]) -> tuple[Member, ...]:
    taken: set[str] = {INPUT}  # an input of the profile
    made = []
    for member in members:
        id = next(id for id in _ids(own_name(member.definition.name)) if id not in taken)
        taken.add(id)
        made.append(Member(id, member.definition, member.action))
    return tuple(made)


def _ids(name: str) -> Iterator[str]:
    """`train`, `train_2`, `train_3`…; of a name that no parameter of a flow can have, another one."""
    if name in (*RESERVED, INPUT) or name.startswith(("_", "model_")):
        name = f"action_{name.strip('_')}"
    yield name
    yield from (f"{name}_{number}" for number in count(2))
