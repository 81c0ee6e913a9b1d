"""Parameters given to a pipeline, spread over its actions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from flows.pipelines.members import Member
from stages.core.suggest import did_you_mean
from stages.documents.faults import Fault

Given = Mapping[str, Any] | BaseModel | None


def spread(params: Given, members: Sequence[Member]) -> tuple[dict[str, dict[str, Any]], list[Fault]]:
    """The settings of each action, by id, and what of the parameters is nobody's.

    A key that is the id of an action (or its stage's name, where no other one has that), and whose value is a mapping
    or a model, holds that action's own parameters. Any other key is a parameter of all actions that have one of that
    name; what is given to an action itself counts more. Whether values fit is not looked at here.
    """
    if params is not None and not isinstance(params, Mapping | BaseModel):
        return {}, [Fault(f"parameters are a mapping or a model, not a {type(params).__name__}")]
    own, names = {member.id: dict[str, Any]() for member in members}, _names(members)
    shared: dict[str, Any] = {}
    for key, value in _plain(params).items():
        if key in names and (value is None or isinstance(value, Mapping | BaseModel)):
            own[names[key]] |= _plain(value)
        else:
            shared[key] = value
    faults = list(_nobodys(shared, members))
    fields = {member.id: _fields(member) for member in members}
    return {id: {key: shared[key] for key in shared if key in fields[id]} | own[id] for id in own}, faults


def _names(members: Sequence[Member]) -> dict[str, str]:
    """The words that mean an action, and its id."""
    stages = [member.definition.name for member in members]
    of_stages = {name: member.id for name, member in zip(stages, members, strict=True) if stages.count(name) == 1}
    return of_stages | {member.id: member.id for member in members}


def _plain(given: Given) -> dict[str, Any]:
    """What a mapping holds, and of a model what was given to it; as JSON has it, as far as it can."""
    if isinstance(given, BaseModel):
        return given.model_dump(mode="json", exclude_unset=True)
    return {key: _as_json(value) for key, value in (given or {}).items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, BaseModel):  # of an action's own, where what is not given may be given to all
        return value
    try:
        return to_jsonable_python(value)
    except ValueError:  # an action that runs in this process may take it all the same
        return value


def _nobodys(shared: Mapping[str, Any], members: Sequence[Member]) -> Iterator[Fault]:
    fields, names = {name for member in members for name in _fields(member)}, _names(members)
    for key in (key for key in shared if key not in fields):
        if key in names:
            yield Fault(f"parameters of an action are a mapping or a model, not {shared[key]!r}", names[key])
        else:
            known = did_you_mean(str(key), {*fields, *(member.id for member in members)})
            yield Fault(f"no action has a parameter {key!r}, and none is called so{known.rstrip('.')}", field=str(key))


def _fields(member: Member) -> set[str]:
    """The names under which its model takes parameters."""
    model = member.action.params_model
    return {name for field, info in model.model_fields.items() for name in (field, info.alias) if name}
