"""Switches and settings of one run, laid over a profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from flows.profiles.model import Profile, StageEntry
from stages.core.suggest import did_you_mean
from stages.documents.faults import Fault

Settings = Mapping[str, Any] | BaseModel


def override(
    profile: Profile, enabled: Mapping[str, bool], settings: Mapping[str, Settings]
) -> tuple[Profile, list[Fault]]:
    """The profile with an entry's switch and settings replaced, by id. An id that is not there is a fault.

    Of a model, the fields count that were given to it; each replaces the profile's field whole.
    """
    ids = [entry.id for entry in profile.stages]
    faults = [
        Fault(f"there is no entry {id!r} in profile {profile.name!r}{did_you_mean(id, ids)}", id, field)
        for field, given in (("enabled", enabled), ("config", settings))
        for id in given
        if id not in ids
    ]
    stages = [_override(entry, enabled.get(entry.id), settings.get(entry.id)) for entry in profile.stages]
    return replace(profile, stages=tuple(stages)), faults


def _override(entry: StageEntry, enabled: bool | None, settings: Settings | None) -> StageEntry:
    if enabled is not None and enabled != entry.enabled:
        entry = replace(
            entry, enabled=enabled, lines={**entry.lines, "enabled": 0}, files={**entry.files, "enabled": ""}
        )
    given = _given(settings)
    if not given:
        return entry
    paths = [f"config.{name}" for name in given]
    kept = {p: n for p, n in entry.lines.items() if not any(p == path or p.startswith(path + ".") for path in paths)}
    lines, files = kept | dict.fromkeys(paths, 0), {**entry.files} | dict.fromkeys(paths, "")
    return replace(entry, config={**entry.config, **given}, lines=lines, files=files)


def _given(settings: Settings | None) -> Mapping[str, Any]:
    if isinstance(settings, BaseModel):
        whole = settings.model_dump()
        return {name: whole[name] for name in whole if name in settings.model_fields_set}
    return settings or {}
