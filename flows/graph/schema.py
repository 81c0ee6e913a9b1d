"""The JSON Schema of profiles, with the settings of every registered stage in it, for editors to complete and check by.

It is stricter than reading: what a stage would make a number of ("2") must be one here. It knows nothing of the graph;
`stagewright validate` does.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.json_schema import PydanticJsonSchemaWarning

import stages.datatypes  # noqa: F401 - the data types that inputs may be of
from flows.profiles.deploy import Deploy
from flows.profiles.profile_form import NAME
from stages.core.datatype import list_types
from stages.core.definition import StageDefinition
from stages.core.registry import list_stages

Json = dict[str, Any]

_IDENTIFIER = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}
_AMOUNT = {"type": "number", "minimum": 0}
_MEMORY = {"anyOf": [_AMOUNT, {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s*([kmgtKMGT][iI]?)?[bB]?$"}]}


def profile_schema() -> Json:
    """The schema, of draft 2020-12."""
    definitions = list_stages()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stagewright profile",
        "description": "Which stages, in what graph, with which settings.",
        "type": "object",
        "properties": _heading(),
        "additionalProperties": False,
        "if": {"required": ["extends"]},
        "then": {"properties": {"stages": _listed("override")}},
        "else": {"properties": {"stages": {**_listed("entry"), "minItems": 1}}, "required": ["stages"]},
        "$defs": {
            "entry": _entry(definitions),
            "override": _override(definitions),
            **_deploy(),
            **_settings(definitions),
        },
    }


def settings_schema(definition: StageDefinition, prefix: str = "") -> Json:
    """The schema of one stage's settings; of an open mapping where the settings have parts that have no schema.

    `prefix` goes before the names of its parts where references name them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PydanticJsonSchemaWarning)
        try:
            return definition.settings.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
        except PydanticInvalidForJsonSchema:
            return {"type": "object", "title": definition.settings.__name__}


def _deploy() -> Json:
    schema = Deploy.model_json_schema(ref_template="#/$defs/deploy.{model}")
    parts = schema.pop("$defs")
    return {"deploy": schema, **{f"deploy.{name}": part for name, part in parts.items()}}


def _heading() -> Json:
    types: list[str | None] = [kind.name for kind in list_types()]
    return {
        "name": {"type": "string", "pattern": f"^{NAME.pattern}$", "description": "By default the file's name"},
        "label": {"type": ["string", "null"], "description": "What people call it"},
        "description": {"type": ["string", "null"]},
        "extends": {"type": "string", "description": "A profile, or a file beside this one, that this one changes"},
        "inputs": {
            "type": ["object", "null"],
            "description": "What a job is given: keys and their data types",
            "propertyNames": _IDENTIFIER,
            "additionalProperties": {"enum": [*types, None]},
        },
        "deploy": {"anyOf": [{"$ref": "#/$defs/deploy"}, {"type": "null"}], "description": "How it is deployed"},
        "stages": {
            "type": "array",
            "description": "In order; a key is read from the nearest entry above that writes it",
        },
    }


def _listed(kind: str) -> Json:
    return {"items": {"$ref": f"#/$defs/{kind}"}}


def _settings(definitions: Iterable[StageDefinition]) -> Json:
    """Settings by stage, without what is required: what extends a profile need not say all again."""
    found: Json = {}
    for definition in definitions:
        schema = settings_schema(definition, prefix := f"{definition.name}.")
        found |= {prefix + name: part for name, part in schema.pop("$defs", {}).items()}
        schema.pop("required", None)
        found[prefix + "settings"] = {**schema, "type": ["object", "null"]}
    return found


def _entry(definitions: list[StageDefinition]) -> Json:
    required = {d.name: [n for n, f in d.settings.model_fields.items() if f.is_required()] for d in definitions}
    plain = [name for name, fields in required.items() if not fields]
    pairs = {name: _complete(name, fields) for name, fields in required.items()}
    rules = [_rule(d, _complete(d.name, required[d.name]), needed=bool(required[d.name])) for d in definitions]
    return _forms({"enum": plain}, {"properties": pairs, "additionalProperties": False}, _long(definitions, rules))


def _override(definitions: list[StageDefinition]) -> Json:
    """In a profile that extends another, a name may be the id of an entry there, and `stage:` may be left out."""
    pairs = {
        "properties": {d.name: _ref(d.name) for d in definitions},
        "additionalProperties": {"type": ["object", "null"]},
    }
    rules = [_rule(d, _ref(d.name), needed=False) for d in definitions]
    long = _long(definitions, rules) | {"anyOf": [{"required": ["stage"]}, {"required": ["id"]}]}
    long["properties"] |= {"after": {"type": "string"}, "before": {"type": "string"}}
    return _forms({"type": "string"}, pairs, {key: value for key, value in long.items() if key != "required"})


def _forms(name: Json, pair: Json, long: Json) -> Json:
    is_long: Json = {"anyOf": [{"required": ["stage"]}, {"required": ["id"]}]}
    short = {"type": "object", "minProperties": 1, "maxProperties": 1, **pair}
    mapping = {"if": is_long, "then": long, "else": short}
    return {"type": ["string", "object"], "if": {"type": "string"}, "then": name, "else": mapping}


def _long(definitions: Iterable[StageDefinition], rules: list[Json]) -> Json:
    renames = {"type": ["object", "null"], "additionalProperties": _IDENTIFIER}
    properties: Json = {
        "stage": {"enum": [definition.name for definition in definitions]},
        "id": _IDENTIFIER,
        "config": {"type": ["object", "null"], "description": "Settings of the stage"},
        "reads": {**renames, "description": "The stage's own key -> the key to read"},
        "writes": {**renames, "description": "The stage's own key -> the key to write"},
        "needs": {
            "type": ["string", "array", "null"],
            "items": {"type": "string"},
            "description": "Entries to wait for",
        },
        "resources": _resources(),
        "retries": {"type": ["integer", "null"], "minimum": 0},
        "timeout": {"type": ["number", "null"], "exclusiveMinimum": 0, "description": "Seconds"},
        "enabled": {"type": ["boolean", "null"], "description": "A switch; also a parameter of each run"},
    }
    return {"properties": properties, "required": ["stage"], "additionalProperties": False, "allOf": rules}


def _resources() -> Json:
    custom = {"type": "object", "additionalProperties": _AMOUNT}
    growth = {"type": "number", "minimum": 1, "description": "More memory each time that the worker was lost"}
    properties = {"cpus": _AMOUNT, "gpus": _AMOUNT, "memory": _MEMORY, "memory_growth": growth, "custom": custom}
    return {"type": ["object", "null"], "properties": properties, "additionalProperties": False}


def _rule(definition: StageDefinition, config: Json, needed: bool) -> Json:
    """What holds of a long entry of one stage: its settings, and the keys it can rename."""
    keys = {"reads": definition.all_reads, "writes": definition.io.writes}
    properties = {"config": config, **{verb: {"propertyNames": {"enum": known}} for verb, known in keys.items()}}
    then: Json = {"properties": properties, **({"required": ["config"]} if needed else {})}
    return {"if": {"properties": {"stage": {"const": definition.name}}, "required": ["stage"]}, "then": then}


def _complete(stage: str, required: list[str]) -> Json:
    return {**_ref(stage), "type": "object", "required": required} if required else _ref(stage)


def _ref(stage: str) -> Json:
    return {"$ref": f"#/$defs/{stage}.settings"}
