"""Settings of a stage: the model that checks them, and its projection to the fields that a form shows."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, cast

from annotated_types import Ge, Gt, Le, Lt
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretBytes,
    SecretStr,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic.fields import FieldInfo

from stages.core.errors import DefinitionError
from stages.core.lost_settings import kinds_in, may_lose, refuse_lost

FieldType = Literal["float", "int", "str", "bool", "list[str]"]
Number = int | float

_TYPES: dict[Any, FieldType] = {float: "float", int: "int", str: "str", bool: "bool", list[str]: "list[str]"}
_PYTHON = {name: kind for kind, name in _TYPES.items()}


@dataclass(frozen=True)
class StageConfigField:
    """One setting, as a form shows it. `min` and `max` are inclusive."""

    name: str
    type: FieldType
    default: Any
    description: str = ""
    min: Number | None = None
    max: Number | None = None
    options: list[Any] | None = None


class StageConfig(BaseModel):
    """Base of a stage's settings: frozen, unknown fields refused, defaults checked too, numbers finite (no key of a
    result could hold others)."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)


def model_of(stage: str, fields: list[StageConfigField]) -> type[BaseModel]:
    """A model made of fields alone. Raises DefinitionError that names stage and field."""
    made: dict[str, Any] = {}
    for field in fields:
        if problem := "is declared twice" if field.name in made else _problem(field):
            raise DefinitionError(f"Stage {stage!r}, field {field.name!r}: {problem}.", stage=stage, field=field.name)
        made[field.name] = (_annotation(field), Field(field.default, description=field.description, **_bounds(field)))
    return create_model(_model_name(stage), __base__=StageConfig, **made)


def strict(model: type[BaseModel]) -> type[BaseModel]:
    """The model with the rules of StageConfig where it says nothing about them itself; unknown fields are refused in
    the models within it too."""
    unsaid = {rule: value for rule, value in StageConfig.model_config.items() if rule not in model.model_config}
    loses = may_lose(model)
    if not unsaid and not loses:
        return model
    told = {"__module__": model.__module__, "__qualname__": model.__qualname__, "__doc__": model.__doc__}
    rules = {"model_config": unsaid} | ({"_refuse_lost": _refuse_lost} if loses else {})
    return cast(
        type[BaseModel],
        types.new_class(model.__name__, (model,), exec_body=lambda body: body.update(told, **rules)),
    )


@model_validator(mode="wrap")  # type: ignore[misc]  # pydantic's own stubs want it written within a class
@classmethod
def _refuse_lost(cls: type[BaseModel], given: Any, handler: Callable[[Any], BaseModel]) -> BaseModel:
    made = handler(given)
    refuse_lost(cls.__name__, made, given)
    return made


def fields_of(model: type[BaseModel]) -> list[StageConfigField]:
    """What of a model a flat form can show; nested models are left to its JSON Schema."""
    return [shown for name, info in model.model_fields.items() if (shown := _project(name, info)) is not None]


def check_defaults(stage: str, model: type[BaseModel]) -> None:
    """Refuse a model whose defaults break its own rules, or that hides a setting from the key of the result.

    Raises DefinitionError that names stage and field.
    """
    if hidden := next(_hidden(model), None):
        what = f"Stage {stage!r}, field {hidden!r}: it is left out where settings are written (exclude, or a secret)"
        why = "so results of different values could not be told apart; secrets come by the environment (ctx.env)"
        raise DefinitionError(f"{what}, {why}.", stage=stage, field=hidden)
    given = {name: _default(info) for name, info in model.model_fields.items() if _has_default(info)}
    try:
        model.model_validate(given, by_name=True)
    except ValidationError as error:
        for problem in error.errors():
            if problem["type"] == "missing":
                continue
            if not problem["loc"]:  # a rule over several of them
                what = f"Stage {stage!r}: its defaults together break a rule"
                raise DefinitionError(f"{what}: {problem['msg']}.", stage=stage) from None
            name = str(problem["loc"][0])
            what = f"Stage {stage!r}, field {name!r}: its default {given.get(name)!r} breaks its own rule"
            raise DefinitionError(f"{what}: {problem['msg']}.", stage=stage, field=name) from None


def _hidden(model: type[BaseModel], seen: tuple[type[BaseModel], ...] = ()) -> Iterator[str]:
    """Fields of the model, and of those in it, whose value `model_dump` does not tell."""
    for name, info in model.model_fields.items():
        inside = list(kinds_in(info.annotation))
        nested = [kind for kind in inside if issubclass(kind, BaseModel) and kind not in (model, *seen)]
        secret = any(issubclass(kind, (SecretStr, SecretBytes)) for kind in inside)
        if info.exclude or secret or any(any(_hidden(kind, (model, *seen))) for kind in nested):
            yield name


def _problem(field: StageConfigField) -> str | None:
    if not field.name.isidentifier() or field.name.startswith(("_", "model_")):
        return "its name must be an identifier that begins neither with '_' nor with 'model_'"
    if field.type not in _PYTHON:
        return f"type {field.type!r} is none of {', '.join(_PYTHON)}"
    if _bounds(field) and field.type not in ("int", "float"):
        return f"min and max are for numbers; its type is {field.type!r}"
    if field.options is None:
        return None
    if not field.options:
        return "its options are empty; give some, or leave them out"
    given = field.default if isinstance(field.default, list) else [field.default]
    wrong = [value for value in given if value not in field.options]
    return f"its default {wrong[0]!r} is none of its options {field.options}" if wrong else None


def _annotation(field: StageConfigField) -> Any:
    if field.options is None:
        return _PYTHON[field.type]
    choice = Literal[tuple(field.options)]  # type: ignore[valid-type]  # made at run time
    return list[choice] if field.type == "list[str]" else choice  # type: ignore[valid-type]  # made at run time


def _bounds(field: StageConfigField) -> dict[str, Any]:
    return {k: v for k, v in (("ge", field.min), ("le", field.max)) if v is not None}


def _model_name(stage: str) -> str:
    return "".join(part.capitalize() for part in stage.replace("-", "_").split("_")) + "Config"


def _project(name: str, info: FieldInfo) -> StageConfigField | None:
    kind, options = _kind(info.annotation)
    if kind is None:
        return None
    default = _default(info) if _has_default(info) else None
    default = [_plain(part) for part in default] if isinstance(default, list) else _plain(default)
    low, high = _low_high(info, step=1 if kind == "int" else 0)
    return StageConfigField(name, kind, default, info.description or "", low, high, options)


def _has_default(info: FieldInfo) -> bool:
    """Whether there is a default that can be told without the other settings."""
    return not info.is_required() and not info.default_factory_takes_validated_data


def _default(info: FieldInfo) -> Any:
    return info.get_default(call_default_factory=True, validated_data=None)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _kind(annotation: Any) -> tuple[FieldType | None, list[Any] | None]:
    if annotation in _TYPES:
        return _TYPES[annotation], None
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return _TYPES.get(type(args[0])), list(args)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        values = [member.value for member in annotation]
        return _TYPES.get(type(values[0])), values
    if origin in (typing.Union, types.UnionType):
        inner = [a for a in args if a is not type(None)]
        return _kind(inner[0]) if len(inner) == 1 else (None, None)
    if origin is typing.Annotated:
        return _kind(args[0])
    if origin is list and (inner_kind := _kind(args[0]))[0] == "str":
        return "list[str]", inner_kind[1]
    return None, None


def _low_high(info: FieldInfo, step: int) -> tuple[Any, Any]:
    """Inclusive bounds, as a form has them: `step` away from those that are not."""
    low: Any = None
    high: Any = None
    for rule in _rules(info.metadata):
        match rule:
            case Ge(ge=bound):
                low = bound
            case Gt(gt=bound):
                low = cast(Any, bound) + step
            case Le(le=bound):
                high = bound
            case Lt(lt=bound):
                high = cast(Any, bound) - step
    return low, high


def _rules(metadata: list[Any]) -> Iterator[Any]:
    for rule in metadata:
        yield from rule if hasattr(rule, "__iter__") and not isinstance(rule, str) else [rule]
