"""The parameters of a profile's flow, as the Prefect form shows them: inputs, a model of settings a stage, switches."""

from __future__ import annotations

import copy
import inspect
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from flows.graph.check import Examination
from flows.graph.entry_check import CheckedEntry
from flows.jobs.job import _JOB_ID

Parameters = dict[str, tuple[Any, Any]]
"""Name -> (type, default); `inspect.Parameter.empty` where there is no default."""

_BOUNDS = {"Ge": ("ge", "at least"), "Gt": ("gt", "more than"), "Le": ("le", "at most"), "Lt": ("lt", "less than")}


def parameters(seen: Examination) -> Parameters:
    """All parameters of the flow. Of an entry that is switched off and cannot be read, only the switch."""
    profile = seen.profile
    made: Parameters = dict.fromkeys(profile.inputs, (str, inspect.Parameter.empty))
    for item in seen.checked:
        if item.definition is not None:
            model = settings_model(profile.name, item)
            made[item.entry.id] = (model, _default(model))
    ids = Literal[(*(entry.id for entry in profile.stages), "all")]  # type: ignore[valid-type]
    refresh: Any = Field([], description="Stages to run again though they are kept; 'all' for all")
    made["refresh"] = (list[ids], refresh)  # type: ignore[valid-type]
    switches = {e.id: (bool, Field(e.enabled, description=f"Run the stage {e.id}")) for e in profile.stages}
    model = create_model("Enabled", __config__=ConfigDict(extra="forbid"), **switches)  # type: ignore[call-overload]
    made["enabled"] = (model, model())
    job_id = Annotated[str, Field(pattern=f"^({_JOB_ID.pattern})?$")]
    made["job_id"] = (job_id | None, Field(None, description="Name of the job; made of time and profile if empty"))
    return made


def settings_model(profile: str, item: CheckedEntry) -> type[BaseModel]:
    """The settings of an entry with the profile's values as defaults.

    A model of its own, since Prefect merges parameters only at the top: fields that a caller leaves out fall to the
    defaults of the class. Bounds are told in the description as well: the form does not show them.
    """
    definition = item.definition
    assert definition is not None
    base, values = definition.settings, item.config
    fields = {
        name: (_annotation(info), _field(info, None if values is None else getattr(values, name), values is not None))
        for name, info in base.model_fields.items()
    }
    name = "".join(part.capitalize() for part in f"{profile}-{item.entry.id}".replace("_", "-").split("-"))
    made: type[BaseModel] = create_model(name, __base__=base, __doc__=definition.description, **fields)  # type: ignore[call-overload]
    made.model_config = {**base.model_config, "extra": "forbid", "frozen": True, "title": definition.label}
    return made


def _annotation(info: FieldInfo) -> Any:
    return Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation


def _field(info: FieldInfo, value: Any, known: bool) -> FieldInfo:
    changed = copy.copy(info)
    if known:
        changed.default, changed.default_factory = value, None
    if bounds := _bounds(info):
        changed.description = f"{info.description or ''} ({bounds})".strip()
    return changed


def _bounds(info: FieldInfo) -> str:
    found = [(_BOUNDS[kind], rule) for rule in info.metadata if (kind := type(rule).__name__) in _BOUNDS]
    return ", ".join(f"{word} {getattr(rule, attribute)}" for (attribute, word), rule in found)


def _default(model: type[BaseModel]) -> Any:
    required = any(info.is_required() for info in model.model_fields.values())
    return inspect.Parameter.empty if required else model()
