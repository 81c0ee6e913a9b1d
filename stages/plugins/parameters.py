"""Which model an action's parameters are of: the type parameter of its class, through whatever lies between."""

from __future__ import annotations

import sys
import typing
from collections.abc import Mapping
from typing import Any, ForwardRef, TypeVar

from pydantic import BaseModel, ValidationError

from stages.core.config import strict
from stages.core.errors import DefinitionError, UsageError


def type_argument(cls: type, base: type) -> Any:
    """What stands in `cls` for the one type parameter of `base`: a type, a TypeVar that is still open, or None."""
    for written in vars(cls).get("__orig_bases__", cls.__bases__):
        origin, given = typing.get_origin(written) or written, typing.get_args(written)
        if not isinstance(origin, type) or not issubclass(origin, base):
            continue
        if origin is base:
            return given[0] if given else None
        inner = type_argument(origin, base)
        open_ones = getattr(origin, "__parameters__", ())
        return given[open_ones.index(inner)] if given and inner in open_ones else inner
    return None


def names_argument(cls: type, base: type) -> bool:
    """Whether the class itself writes types in brackets behind one of its bases that derive from `base`."""
    origins = [typing.get_origin(written) for written in vars(cls).get("__orig_bases__", ())]
    return any(isinstance(origin, type) and issubclass(origin, base) for origin in origins)


def params_model_of(cls: type, base: type) -> type[BaseModel] | None:
    """The model that the type parameter names; None while it is open. Raises DefinitionError for what is no model."""
    found = type_argument(cls, base)
    if isinstance(found, (str, ForwardRef)):
        found = _named(cls, found)
    if found is None or isinstance(found, TypeVar):
        return None
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        raise DefinitionError(
            f"Action {cls.__name__}: its type parameter is {found!r}; name the pydantic model of its parameters, as in "
            "BaseAction[TrainParams].",
            action=cls.__name__,
        )
    return found


def check_models(cls: type) -> None:
    """Raises DefinitionError where what the class says to be its models is none."""
    for which in ("params_model", "result_model"):
        found = vars(cls).get(which, BaseModel)
        if not (isinstance(found, type) and issubclass(found, BaseModel)):
            what = f"Action {cls.__name__}: {which} is {found!r}; name a pydantic model, or leave it out."
            raise DefinitionError(what, action=cls.__name__)


def checked_params(action: str, model: type[BaseModel], given: Any) -> BaseModel:
    """Parameters of that model: an instance as it is, a mapping when it fits. Raises UsageError with every fault."""
    if isinstance(given, model):
        return given
    if given is not None and not isinstance(given, Mapping):
        kind = type(given).__name__
        raise UsageError(f"Action {action!r} takes a {model.__name__} or a mapping; it was given a {kind}.")
    try:
        strict(model).model_validate(dict(given or {}))  # as a profile would check them
        return model.model_validate(dict(given or {}))
    except ValidationError as error:
        raise UsageError(f"Action {action!r}: parameters that it cannot take: {told(error)}", action=action) from None


def told(error: ValidationError) -> str:
    """Every fault of a value, in one line."""
    faults = []
    for fault in error.errors():
        field = ".".join(map(str, fault["loc"]))
        found = "" if fault["type"] == "missing" else f" (found {_short(fault['input'])})"
        faults.append(f"{field}: {fault['msg']}{found}" if field else f"{fault['msg']}{found}")
    return "; ".join(faults)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _named(cls: type, reference: str | ForwardRef) -> Any:
    name = reference if isinstance(reference, str) else reference.__forward_arg__
    found = getattr(sys.modules.get(cls.__module__), name, None)
    if found is None:
        raise DefinitionError(
            f"Action {cls.__name__}: {name!r}, its type parameter, is not known yet; define it above the action.",
            action=cls.__name__,
        )
    return found
