"""Plans and the palette of stages as JSON: what `--json` prints, and what an editor draws from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from pydantic_core import to_json

from flows.graph.check import Examination, examine
from flows.graph.entry_check import CheckedEntry
from flows.graph.plan import Plan
from flows.graph.schema import settings_schema
from flows.profiles.model import Profile
from stages.core.datatype import DataType, list_types
from stages.core.definition import Resources, StageDefinition
from stages.core.discovery import load_faults
from stages.core.registry import get_palette
from stages.documents.faults import Fault

Json = dict[str, Any]


def plan_json(profile: Profile, plan: Plan | None = None, faults: Iterable[Fault] | None = None) -> Json:
    """The graph of a profile, also of one with faults: then what is known of it.

    A stage's read that nothing answers has `from` null and `input` false; entries that are switched off are listed, and
    not joined. `faults` are those that checking finds, where none are given.
    """
    seen = examine(plan.profile if plan else profile)
    shown = seen.profile
    return {
        "profile": shown.name,
        "label": shown.label,
        "description": shown.description,
        "inputs": {key: kind.name if kind else shown.inputs[key] or None for key, kind in seen.inputs.items()},
        "stages": [_stage(item, seen) for item in seen.checked],
        "edges": [asdict(edge) for edge in seen.wiring.edges],
        "outputs": {key: asdict(source) for key, source in seen.wiring.outputs.items()},
        "faults": [fault.to_json() for fault in (seen.faults if faults is None else faults)],
    }


def palette_json() -> Json:
    """All stages by category with their settings, all data types, and what could not be loaded."""
    return {
        "palette": {category: [stage_json(d) for d in found] for category, found in get_palette().items()},
        "data_types": [_data_type(kind) for kind in list_types()],
        "faults": load_faults(),
    }


def stage_json(definition: StageDefinition) -> Json:
    """A stage as an editor's palette shows it. `fields` is the flat form, `schema` all of its settings."""
    return {
        "name": definition.name,
        "label": definition.label,
        "description": definition.description,
        "category": definition.category,
        "fields": [_json(asdict(field)) for field in definition.config_fields],
        "schema": settings_schema(definition),
        "io": asdict(definition.io),
        "types": {"reads": _names(definition.read_types), "writes": _names(definition.write_types)},
        "resources": _plain(definition.resources),
        "retries": definition.retries,
        "timeout": definition.timeout,
        "version": definition.version,
        "pure": definition.pure,
    }


def _stage(item: CheckedEntry, seen: Examination) -> Json:
    entry, definition = item.entry, item.definition
    running = {other.entry.id for other in seen.checked if other.entry.enabled}
    config: Any = item.config.model_dump() if item.config else entry.config
    return {
        "id": entry.id,
        "stage": entry.stage,
        "label": definition.label if definition else entry.stage,
        "category": definition.category if definition else None,
        "enabled": entry.enabled,
        "config": _json(config),
        "reads": _reads(item, seen),
        "writes": _writes(item),
        "after": [need for need in entry.needs if need in running],
        "resources": _plain(item.resources) if item.resources else _json(entry.resources),
        "retries": definition.retries if definition and entry.retries is None else entry.retries,
        "timeout": definition.timeout if definition and entry.timeout is None else _json(entry.timeout),
    }


def _reads(item: CheckedEntry, seen: Examination) -> Json:
    declared, sources = item.declared, seen.wiring.reads.get(item.entry.id, {})
    if declared is None:
        return {}
    return {
        own: {
            "from": sources[own].stage if own in sources else None,
            "input": own in sources and sources[own].stage is None,
            "key": item.entry.reads.get(own, own),
            "type": _names(declared.read_types).get(own),
            "optional": own in declared.io.optional_reads,
        }
        for own in declared.all_reads
    }


def _writes(item: CheckedEntry) -> Json:
    declared = item.declared
    if declared is None:
        return {}
    types = _names(declared.write_types)
    return {own: {"key": item.entry.writes.get(own, own), "type": types.get(own)} for own in declared.io.writes}


def _data_type(kind: type[DataType]) -> Json:
    parents = [base.name for base in kind.__mro__[1:] if issubclass(base, DataType) and base is not DataType]
    return {"name": kind.name, "description": kind.description, "format": kind.format, "parents": parents}


def _names(types: Mapping[str, type[DataType]]) -> dict[str, str]:
    return {key: kind.name for key, kind in types.items()}


def _plain(resources: Resources) -> Json:
    return {**vars(resources), "custom": dict(resources.custom)}


def _json(value: Any) -> Any:
    """The value as JSON, with text for what JSON has no word for: one with faults may hold anything."""
    return json.loads(to_json(value, fallback=str, inf_nan_mode="strings"))
