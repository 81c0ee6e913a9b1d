"""`@stage`: a typed function becomes a StageDefinition, and stays a function."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from pydantic import BaseModel

from stages.core.config import StageConfig
from stages.core.datatype import DataType
from stages.core.definition import StageDefinition, StageIO
from stages.core.errors import ContractError, DefinitionError
from stages.core.registry import register_stage
from stages.core.state import DetectState


class Stage(Protocol):
    """What the decorator gives back: the function itself, with its definition on it."""

    definition: StageDefinition
    __call__: Callable[..., Any]


def stage(
    *,
    writes: Sequence[str],
    label: str = "",
    category: str = "detection",
    name: str = "",
    description: str = "",
    **more: Any,
) -> Callable[[Callable[..., Any]], Stage]:
    """Register a function as a stage.

    Its parameters are the keys it reads (one with a default is optional), `config` its settings (a StageConfig), `ctx`
    the RuntimeContext. Annotations give data types. It returns the value of its one write, or a tuple of them.
    `more` goes to StageDefinition: resources, retries, timeout, version, pure, depends, pinned, secrets, serialize_fn….
    """

    def decorate(fn: Callable[..., Any]) -> Stage:
        if isinstance(writes, str):
            raise _refuse(fn, f"'writes' is a list of keys: write writes=[{writes!r}].")
        hints = _hints(fn)
        required, optional = _reads(fn)
        definition = StageDefinition(
            name=name or fn.__name__,
            label=label or (name or fn.__name__).replace("_", " ").capitalize(),
            description=description or inspect.getdoc(fn) or "",
            io=StageIO(required, list(writes), optional),
            category=category,
            fn=_as_fn(fn, list(writes)),
            config_model=_config_model(fn, hints),
            read_types={k: t for k in (*required, *optional) if (t := _data_type(hints.get(k)))},
            write_types=_write_types(fn, list(writes), hints.get("return")),
            source=fn,
            **more,
        )
        made = cast(Stage, fn)
        made.definition = register_stage(definition)
        return made

    return decorate


def _hints(fn: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(fn)
    except NameError as error:
        raise _refuse(fn, f"an annotation cannot be resolved: {error}.") from None


def _refuse(fn: Callable[..., Any], problem: str) -> DefinitionError:
    return DefinitionError(f"Stage {fn.__name__!r}: {problem}", stage=fn.__name__)


def _parameters(fn: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(fn).parameters.values())


def _reads(fn: Callable[..., Any]) -> tuple[list[str], list[str]]:
    keys = [p for p in _parameters(fn) if p.name not in ("config", "ctx")]
    if wrong := next((p for p in keys if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)), None):
        raise _refuse(fn, f"'*{wrong.name}' names no key; name each key that is read.")
    if wrong := next((p for p in _parameters(fn) if p.kind is p.POSITIONAL_ONLY), None):
        raise _refuse(fn, f"{wrong.name!r} stands before '/', but keys are given by name; leave the '/' out.")
    optional = [p.name for p in keys if p.default is not p.empty]
    return [p.name for p in keys if p.name not in optional], optional


def _config_model(fn: Callable[..., Any], hints: dict[str, Any]) -> type[BaseModel]:
    if "config" not in {p.name for p in _parameters(fn)}:
        return StageConfig
    model = hints.get("config")
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise _refuse(fn, f"annotate 'config' with its model (a StageConfig); it is {model!r}.")
    return model


def _write_types(fn: Callable[..., Any], writes: list[str], annotation: Any) -> dict[str, type[DataType]]:
    if len(writes) == 1:  # a tuple is the one value then
        parts: tuple[Any, ...] = (annotation,)
    elif annotation in (None, Any, tuple):
        parts = ()
    else:
        parts = typing.get_args(annotation) if typing.get_origin(annotation) is tuple else (annotation,)
        if len(writes) > 1 and (len(parts) != len(writes) or ... in parts):
            told = f"writes {len(writes)} keys ({', '.join(writes)}) but is annotated to return {annotation}"
            raise _refuse(fn, f"{told}; annotate a tuple of {len(writes)}.")
    return {key: t for key, part in zip(writes, parts, strict=False) if (t := _data_type(part))}


def _data_type(annotation: Any) -> type[DataType] | None:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        inner = [a for a in typing.get_args(annotation) if a is not type(None)]
        annotation = inner[0] if len(inner) == 1 else None
    return annotation if isinstance(annotation, type) and issubclass(annotation, DataType) else None


def _as_fn(fn: Callable[..., Any], writes: list[str]) -> Callable[[DetectState], dict[str, Any]]:
    names = {p.name for p in _parameters(fn)}

    def run(state: DetectState) -> dict[str, Any]:
        given: dict[str, Any] = {key: state[key] for key in state}
        if "config" in names:
            given["config"] = state.config
        if "ctx" in names:
            given["ctx"] = state.ctx
        result = fn(**given)
        return _as_writes(fn.__name__, writes, result)

    return run


def _as_writes(name: str, writes: list[str], result: Any) -> dict[str, Any]:
    if len(writes) == 1:
        return {writes[0]: result}
    if not writes and result is None:
        return {}
    if not isinstance(result, tuple) or len(result) != len(writes):
        raise ContractError(
            f"Stage {name!r} must return a tuple of {len(writes)} values ({', '.join(writes)}); "
            f"it returned a {type(result).__name__}.",
            stage=name,
        )
    return dict(zip(writes, result, strict=True))
