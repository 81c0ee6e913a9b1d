"""The parameters of a profile's flow, as the Prefect form shows them: inputs, a model of settings a stage, switches."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model
from pydantic.fields import FieldInfo

from flows.graph.check import Examination
from flows.graph.entry_check import CheckedEntry
from flows.jobs.job import JOB_ID
from stages.core.datatype import DataType

Parameters = dict[str, tuple[Any, Any]]
"""Name -> (type, default); `inspect.Parameter.empty` where there is no default."""

_BOUNDS = {"Ge": ("ge", "at least"), "Gt": ("gt", "more than"), "Le": ("le", "at most"), "Lt": ("lt", "less than")}


def parameters(seen: Examination) -> Parameters:
    """All parameters of the flow. Of an entry that is switched off and cannot be read, only the switch."""
    profile = seen.profile
    made: Parameters = {key: (_address(kind), inspect.Parameter.empty) for key, kind in seen.inputs.items()}
    for item in seen.checked:
        if item.definition is not None:
            model = settings_model(profile.name, item)
            made[item.entry.id] = (model, _default(model))
    ids = Literal[(*(entry.id for entry in profile.stages), "all")]  # type: ignore[valid-type]  # made at run time
    refresh: Any = Field([], description="Stages to run again though they are kept; 'all' for all")
    made["refresh"] = (list[ids], refresh)  # type: ignore[valid-type]  # made at run time
    switches = _switches(seen.checked)
    made["enabled"] = (switches, switches())
    job_id = Annotated[str, Field(pattern=f"^({JOB_ID.pattern})?$"), BeforeValidator(lambda given: given or "")]
    made["job_id"] = (job_id, Field("", description="Name of the job; made of time and profile if empty"))
    label = Annotated[str, Field(max_length=200), BeforeValidator(lambda given: given or "")]
    made["label"] = (label, Field("", description="What people call the job; stands in its manifest and its report"))
    return made


def _address(kind: type[DataType] | None) -> Any:
    """An input: a text that is not empty, described by its data type. Prefect leaves no other place for the words of a
    required one."""
    words = {"description": kind.description} if kind is not None and kind.description else {}
    return Annotated[str, Field(min_length=1), WithJsonSchema({"type": "string", "minLength": 1, **words})]


def _switches(entries: Sequence[CheckedEntry]) -> type[BaseModel]:
    """A switch for each entry, with the first sentence of what its stage does."""
    switches: dict[str, Any] = {}
    for item in entries:
        does = _plain(item.definition.description) if item.definition is not None else ""
        entry, first = item.entry, re.split(r"(?<=\.)\s", does)[0]
        switches[entry.id] = (bool, Field(entry.enabled, title=entry.id, description=first))
    doc = "Stages that run; what is off is passed over, whatever its settings say"
    return create_model("Enabled", __config__=ConfigDict(extra="forbid"), __doc__=doc, **switches)


def settings_model(profile: str, item: CheckedEntry) -> type[BaseModel]:
    """The settings of an entry with the profile's values as defaults.

    A model of its own, since Prefect merges parameters only at the top: fields that a caller leaves out fall to the
    defaults of the class. Bounds are told in the description as well: the form does not show them.
    """
    definition = item.definition
    assert definition is not None
    base, values = definition.settings, item.config
    fields = {name: (_annotation(info), _field(name, info, values)) for name, info in base.model_fields.items()}
    name = "".join(part.capitalize() for part in f"{profile}-{item.entry.id}".replace("_", "-").split("-"))
    doc = ("" if item.entry.enabled else "Off, unless switched on under 'enabled'. ") + _plain(definition.description)
    made: type[BaseModel] = create_model(  # type: ignore[call-overload]  # it knows no fields by a mapping
        name, __base__=base, __doc__=doc, **fields
    )
    made.model_config = {**base.model_config, "extra": "forbid", "frozen": True, "title": definition.label}
    return made


def _annotation(info: FieldInfo) -> Any:
    return Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation


def _field(name: str, info: FieldInfo, values: BaseModel | None) -> FieldInfo:
    """Called as profile, command line and messages call it, where the stage gives no title: not "Json Mode"."""
    changed = copy.copy(info)
    changed.title = info.title or name
    if values is not None:
        changed.default, changed.default_factory = getattr(values, name), None
    told, bounds = _plain(info.description or ""), _bounds(info)
    changed.description = f"{told} ({bounds})".strip() if bounds else told
    return changed


def _plain(text: str) -> str:
    """Without Markdown's code marks, which the form shows as they are."""
    return text.replace("`", "'")


def _bounds(info: FieldInfo) -> str:
    found = {kind: rule for rule in info.metadata if (kind := type(rule).__name__) in _BOUNDS}
    if {*found} == {"Ge", "Le"}:
        return f"{found['Ge'].ge} to {found['Le'].le}"
    return ", ".join(f"{_BOUNDS[kind][1]} {getattr(rule, _BOUNDS[kind][0])}" for kind, rule in found.items())


def _default(model: type[BaseModel]) -> Any:
    required = any(info.is_required() for info in model.model_fields.values())
    return inspect.Parameter.empty if required else model()
