"""Checking a profile against its stages: every fault at once, and the plan where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

import stages.datatypes  # noqa: F401 - the data types that inputs may be of
from flows.graph.entry_check import CheckedEntry, check_entry
from flows.graph.overrides import override
from flows.graph.plan import Plan, PlannedStage
from flows.graph.wiring import Types, Wiring, wasted, wire
from flows.profiles.faults import fault_at
from flows.profiles.ids import id_faults, need_faults
from flows.profiles.model import Profile, StageEntry
from stages.core.datatype import DataType, find_type, list_types
from stages.core.discovery import load_faults
from stages.core.errors import UnknownStage
from stages.core.registry import get_stage, list_stages
from stages.core.suggest import did_you_mean, nearest
from stages.documents.faults import Fault, in_order


@dataclass(frozen=True)
class Examination:
    """All that is known of a profile, right or wrong: what an editor can draw of it."""

    profile: Profile
    checked: tuple[CheckedEntry, ...]
    inputs: Types
    wiring: Wiring
    faults: list[Fault]


def check_profile(
    profile: Profile,
    *,
    enabled: Mapping[str, bool] | None = None,
    settings: Mapping[str, Mapping[str, Any] | BaseModel] | None = None,
) -> tuple[Plan | None, list[Fault]]:
    """The plan and its warnings, or no plan and every fault. `enabled` and `settings` override, by an entry's id."""
    seen = examine(profile, enabled=enabled, settings=settings)
    nameless = [fault_at(entry, "names no stage", "stage") for entry in seen.profile.stages if not entry.stage]
    if nameless or any(fault.severity == "error" for fault in seen.faults):
        return None, [*nameless, *seen.faults]
    wiring = seen.wiring
    stages = _planned(seen.checked, wiring)
    plan = Plan(seen.profile, stages, seen.inputs, tuple(wiring.edges), wiring.outputs, tuple(seen.faults))
    return plan, seen.faults


def examine(
    profile: Profile,
    *,
    enabled: Mapping[str, bool] | None = None,
    settings: Mapping[str, Mapping[str, Any] | BaseModel] | None = None,
) -> Examination:
    """Look at everything, whatever is found on the way. Of waste is only told where nothing is wrong.

    Nothing is said of entries without a stage: they stand for what could not be read, and reading has said why.
    """
    profile, faults = override(profile, enabled or {}, settings or {})
    faults += [*id_faults(profile), *need_faults(profile)]
    checked = tuple(_checked(entry, faults) for entry in profile.stages)
    inputs = _inputs(profile, faults)  # after the stages: those that were loaded bring data types of their own
    wiring = wire(profile, checked, inputs)
    faults += wiring.faults
    if not any(entry.enabled for entry in profile.stages):
        faults.append(_nothing_to_run(profile))
    if not any(fault.severity == "error" for fault in faults):
        faults += wasted(profile, checked, wiring)
    return Examination(profile, checked, inputs, wiring, in_order(faults, profile.file))


def _inputs(profile: Profile, faults: list[Fault]) -> dict[str, type[DataType] | None]:
    types: dict[str, type[DataType] | None] = {}
    for key, name in profile.inputs.items():
        types[key] = None
        try:
            types[key] = _type(name) if name else None
        except KeyError:
            file, line = profile.place(f"inputs.{key}")
            known = did_you_mean(name, [kind.name for kind in list_types()])
            faults.append(
                Fault(f"there is no data type {name!r}{known}{_not_loaded()}", None, f"inputs.{key}", file, line)
            )
    return types


def _type(name: str) -> type[DataType]:
    try:
        return find_type(name)
    except KeyError:
        list_stages()  # a plugin that no entry names may bring it
        return find_type(name)


def _checked(entry: StageEntry, faults: list[Fault]) -> CheckedEntry:
    """The entry against its stage. What is wrong with one that is switched off is a warning: it does not run."""
    found: list[Fault] = []
    try:
        item = check_entry(entry, get_stage(entry.stage), found)
    except UnknownStage as error:
        if entry.stage:
            found.append(fault_at(entry, error.message[0].lower() + error.message[1:], "stage"))
        stages = {definition.name: definition for definition in list_stages()}
        close = nearest(entry.stage, stages)
        item = CheckedEntry(entry, None, presumed=stages[close] if close else None)
    faults += found if entry.enabled else [replace(fault, severity="warning") for fault in found]
    return item


def _planned(checked: Sequence[CheckedEntry], wiring: Wiring) -> tuple[PlannedStage, ...]:
    """The enabled entries in the profile's order, in which every one stands below all it waits for."""
    running = {item.entry.id for item in checked if item.entry.enabled}
    return tuple(_stage(item, wiring, running) for item in checked if item.entry.enabled)


def _stage(item: CheckedEntry, wiring: Wiring, running: set[str]) -> PlannedStage:
    entry, definition = item.entry, item.definition
    assert definition is not None
    assert item.config is not None
    return PlannedStage(
        entry=entry,
        definition=definition,
        config=item.config,
        reads=wiring.reads[entry.id],
        after=tuple(need for need in entry.needs if need in running),
        resources=item.resources or definition.resources,
        retries=definition.retries if entry.retries is None else entry.retries,
        timeout=definition.timeout if entry.timeout is None else entry.timeout,
    )


def _nothing_to_run(profile: Profile) -> Fault:
    file, line = profile.place("stages")
    text = "every entry is switched off; enable one" if profile.stages else "has no stages"
    return Fault(text, None, "stages", file, line)


def _not_loaded() -> str:
    faults = load_faults()
    return f" Not loaded: {'; '.join(faults)}" if faults else ""
