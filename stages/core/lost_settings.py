"""Settings within settings that pydantic would drop without a word: a misspelt one would leave its default in force."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails

Path = tuple[int | str, ...]


def may_lose(model: type[BaseModel], seen: tuple[type[BaseModel], ...] = ()) -> bool:
    """Whether a model within the model says nothing of fields that it does not know."""
    inside = {kind for info in model.model_fields.values() for kind in kinds_in(info.annotation)}
    nested = [kind for kind in inside if issubclass(kind, BaseModel) and kind not in (model, *seen)]
    return any("extra" not in kind.model_config or may_lose(kind, (model, *seen)) for kind in nested)


def refuse_lost(title: str, made: BaseModel, given: Any) -> None:
    """Raise a ValidationError of `extra_forbidden` for everything in `given` that is in nothing of what was made."""
    lost = [InitErrorDetails(type="extra_forbidden", loc=path, input=value) for path, value in _lost(made, given, ())]
    if lost:
        raise ValidationError.from_exception_data(title, lost)


def kinds_in(annotation: Any) -> Iterator[type]:
    """The classes that an annotation is made of."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        yield annotation
    for part in typing.get_args(annotation):
        yield from kinds_in(part)


def _lost(made: Any, given: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(made, BaseModel) and isinstance(given, Mapping):
        yield from _lost_of_model(made, given, path)
    elif isinstance(made, Mapping) and isinstance(given, Mapping):
        for name in made.keys() & given.keys():
            yield from _lost(made[name], given[name], (*path, name))
    elif isinstance(made, (list, tuple)) and isinstance(given, (list, tuple)) and len(made) == len(given):
        for place, (part, told) in enumerate(zip(made, given, strict=True)):
            yield from _lost(part, told, (*path, place))


def _lost_of_model(made: BaseModel, given: Mapping[Any, Any], path: Path) -> Iterator[tuple[Path, Any]]:
    model = type(made)
    names = {told: field for field, info in model.model_fields.items() for told in (field, info.alias) if told}
    names |= {i.validation_alias: f for f, i in model.model_fields.items() if isinstance(i.validation_alias, str)}
    for name, value in given.items():
        if name in names:
            yield from _lost(getattr(made, names[name]), value, (*path, name))
        elif path and "extra" not in model.model_config and not _reads_more(model):
            yield (*path, name), value


def _reads_more(model: type[BaseModel]) -> bool:
    """Whether it may take what no field is called by."""
    validators = model.__pydantic_decorators__.model_validators.values()
    aliases = [info.validation_alias for info in model.model_fields.values()]
    return any(v.info.mode != "after" for v in validators) or any(not isinstance(a, str | None) for a in aliases)
