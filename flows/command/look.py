"""`stagewright plan`, `stages`, `stage`, `profiles`, `validate`, `schema`: what there is and what would run.

None of these talks to a service, and none imports Prefect.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from flows.command.output import document_alone, print_json, say, table
from flows.graph.check import check_profile
from flows.graph.plan import Plan
from flows.graph.plan_json import palette_json, plan_json
from flows.graph.schema import profile_schema
from flows.load import list_profiles, load_profile
from flows.profiles.model import Profile
from flows.settings import read_settings
from stages.core.config import StageConfigField
from stages.core.datatype import DataType
from stages.core.discovery import load_faults, load_stages
from stages.core.errors import ProfileError
from stages.core.registry import get_palette, get_stage

if TYPE_CHECKING:
    from flows.command.forecast import Forecast


def show_plan(chosen: Profile, inputs: dict[str, str] | None, as_json: bool) -> int:
    """The checked graph of a profile, 2 if it has faults; with `inputs` also what a run would do with each stage."""
    plan, faults = check_profile(chosen)
    found = _forecast(plan, inputs) if plan is not None and inputs is not None else {}
    if as_json:
        whole = plan_json(chosen, plan, faults)
        print_json(whole | ({"forecast": [one.to_json() for one in found.values()]} if found else {}))
        return 0 if plan else 2
    for fault in faults:
        say(f"{fault.severity}: {fault}")
    if plan is None:
        return 2
    rows = _plan_rows(plan)
    if found:
        rows = [(id, *rest, found[id].status, found[id].why) for id, *rest in rows]
    table(("stage", "reads", "writes", "settings", *(("would", "why") if found else ())), rows)
    return 0


def _forecast(plan: Plan, inputs: dict[str, str]) -> dict[str, Forecast]:
    from flows.command.forecast import forecast

    return {one.id: one for one in forecast(plan, inputs)}


def show_stages(as_json: bool) -> int:
    """All stages, by category."""
    load_stages(read_settings().stage_modules)
    if as_json:
        print_json(palette_json())
        return 0
    rows = [
        (category, d.name, ", ".join(d.all_reads), ", ".join(d.io.writes), d.label)
        for category, definitions in get_palette().items()
        for d in definitions
    ]
    table(("category", "stage", "reads", "writes", "label"), rows)
    _tell_load_faults()
    return 0


def show_stage(name: str, as_json: bool) -> int:
    """One stage. Raises UnknownStage."""
    load_stages(read_settings().stage_modules)
    definition = get_stage(name)
    if as_json:
        shown = [s for part in palette_json()["palette"].values() for s in part if s["name"] == name]
        print_json(shown[0])
        return 0
    print(f"{definition.name}: {definition.label}\n\n{definition.description}\n")
    optional = [f"{key} (optional)" for key in definition.io.optional_reads]
    types = {**definition.read_types, **definition.write_types}
    print(f"reads   {', '.join(_typed(k, types) for k in definition.io.reads + optional) or 'nothing'}")
    print(f"writes  {', '.join(_typed(k, types) for k in definition.io.writes)}\n")
    flat = {field.name: _field_row(field) for field in definition.config_fields}
    rows = [flat.get(name) or _other_row(name, info) for name, info in definition.settings.model_fields.items()]
    table(("setting", "type", "default", "allowed", "meaning"), rows)
    return 0


def show_profiles(as_json: bool) -> int:
    """All profiles; a broken one with its fault."""
    found = list_profiles([Path(folder) for folder in read_settings().profiles])
    if as_json:
        print_json([profile.to_json() for profile in found])
    else:
        table(("profile", "label", "file"), [(p.name, p.fault or p.label, p.file) for p in found])
    return 0


def validate_file(file: str, as_json: bool) -> int:
    """Check a profile; 2 if it has faults."""
    settings = read_settings()
    load_stages(settings.stage_modules)
    try:
        profile = load_profile(file, [Path(folder) for folder in settings.profiles])
        plan, faults = check_profile(profile)
    except ProfileError as error:
        plan, faults = None, error.context["faults"]
    if as_json:
        print_json({"valid": plan is not None, "faults": [fault.to_json() for fault in faults]})
    else:
        for fault in faults:
            say(f"{fault.severity}: {fault}")
        print(f"{file}: {'in order' if plan else 'not in order'}")
    return 0 if plan else 2


def show_schema() -> int:
    """The JSON Schema of profiles."""
    with document_alone():
        load_stages(read_settings().stage_modules)
        print_json(profile_schema())
    return 0


def _plan_rows(plan: Plan) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for stage in plan.stages:
        reads = [
            f"{stage.entry.reads.get(key, key)} ← {source.stage or 'input'}" for key, source in stage.reads.items()
        ]
        reads += [f"after {id}" for id in stage.after]
        config = stage.config.model_dump(mode="json")
        settings = ", ".join(f"{name}={_short(value)}" for name, value in config.items())
        writes = [stage.entry.writes.get(key, key) for key in stage.definition.io.writes]
        rows.append((stage.id, ", ".join(reads), ", ".join(writes), settings))
    return rows


def _short(value: object) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _typed(key: str, types: dict[str, type[DataType]]) -> str:
    name = key.split(" ")[0]
    return f"{key}: {types[name].name}" if name in types else key


def _field_row(field: StageConfigField) -> tuple[str, str, str, str, str]:
    if field.options:
        allowed = ", ".join(map(str, field.options))
    else:
        low, high = field.min, field.max
        allowed = (
            f"{'' if low is None else low} … {'' if high is None else high}" if (low, high) != (None, None) else ""
        )
    return field.name, field.type, _short(field.default), allowed, field.description


def _other_row(name: str, info: FieldInfo) -> tuple[str, str, str, str, str]:
    """A setting that no flat form can show, such as one of several parts: it is given as JSON."""
    kind = info.annotation.__name__ if isinstance(info.annotation, type) else str(info.annotation)
    default = None if info.is_required() else to_jsonable_python(info.get_default(call_default_factory=True))
    text = "" if default is None else json.dumps(default, ensure_ascii=False)
    return name, re.sub(r"[\w.]+\.", "", kind), _short(text), "", info.description or ""


def _tell_load_faults() -> None:
    for fault in load_faults():
        say(f"warning: {fault}")
