"""`@action`: a function of parameters and context becomes an action, and stays a function."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from typing import Any, Protocol, cast

from pydantic import BaseModel

from stages.core.datatype import DataType
from stages.core.definition import StageDefinition
from stages.core.errors import DefinitionError
from stages.plugins.action import BaseAction, NoParams, NoResult
from stages.plugins.action_stage import AWAITED, is_awaited
from stages.plugins.categories import PluginCategory


class ActionFunction(Protocol):
    """What the decorator gives back: the function itself, with the action that it makes on it."""

    action_class: type[BaseAction[Any]]
    definition: Callable[[], StageDefinition]
    __call__: Callable[..., Any]


def action(
    name: str | Callable[..., Any] = "",
    *,
    description: str = "",
    category: PluginCategory | str | None = None,
    params: type[BaseModel] | None = None,
    result: type[BaseModel] = NoResult,
    input_type: type[DataType] | str | None = None,
    output_type: type[DataType] | str | None = None,
    **stage_options: Any,
) -> Any:
    """Make an action of a function `(params, ctx)`; with or without arguments, which are the attributes of BaseAction.

    `params` and `result` are the models of these; `params` is by default what the function's first parameter is
    annotated with. `stage_options` goes to the StageDefinition: resources, retries, timeout…. Raises DefinitionError
    that names the function.
    """
    if callable(name):
        return action()(name)

    def decorate(fn: Callable[..., Any]) -> ActionFunction:
        if is_awaited(fn):
            raise _refused(fn, AWAITED)
        body = {
            "__doc__": description or inspect.getdoc(fn),
            "__module__": fn.__module__,
            "__qualname__": fn.__qualname__,
            "action_name": name or fn.__name__,
            "category": category,
            "input_type": input_type,
            "output_type": output_type,
            "params_model": params or _params_model(fn),
            "result_model": result,
            "stage_options": {"source": fn, **stage_options},
            "execute": lambda self: fn(self.params, self.ctx),
        }
        made = cast(ActionFunction, fn)
        made.action_class = types.new_class(fn.__name__, (BaseAction,), exec_body=lambda space: space.update(body))
        made.action_class._named_by_class = not name  # then its plugin's config may name it
        made.definition = made.action_class.definition
        return made

    return decorate


def _params_model(fn: Callable[..., Any]) -> type[BaseModel]:
    names = list(inspect.signature(fn).parameters)
    if len(names) != 2:
        raise _refused(fn, f"takes ({', '.join(names)}); an action takes (params, ctx)")
    try:
        model = typing.get_type_hints(fn).get(names[0], NoParams)
    except NameError as error:
        raise _refused(fn, f"an annotation cannot be resolved: {error}") from None
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise _refused(fn, f"annotate {names[0]!r} with the pydantic model of its parameters; it is {model!r}")
    return model


def _refused(fn: Callable[..., Any], problem: str) -> DefinitionError:
    return DefinitionError(f"Action {fn.__name__!r}: {problem}.", action=fn.__name__)
