"""An action as the stage that it is: it reads `input` and writes `output`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from stages.core.datatype import DataType, find_type
from stages.core.definition import StageDefinition, StageIO
from stages.core.digests import model_as_json
from stages.core.errors import ContractError, DefinitionError
from stages.core.state import DetectState
from stages.core.suggest import did_you_mean
from stages.plugins.parameters import told

if TYPE_CHECKING:
    from stages.plugins.action import BaseAction

INPUT, OUTPUT = "input", "output"
AWAITED = "is `async def`, but actions are called and not awaited; make it a `def`, with asyncio.run(…) inside"
"""What is wrong with an action that is a coroutine."""

_OPTIONS = [field.name for field in fields(StageDefinition) if field.init]


@dataclass(frozen=True)
class PluginWords:
    """What an action's plugin says of it: where it lies (a folder), its name there, and what its config adds."""

    folder: Path
    action: str
    stage: str
    description: str
    env: Mapping[str, str]


Action = type["BaseAction[Any]"]


def definition_of(
    cls: Action, *, name: str = "", description: str = "", env: Mapping[str, str] | None = None
) -> StageDefinition:
    """The stage. `name`, `description` and `env` are what the action's plugin says of it.

    Raises DefinitionError that names the action, and what of it cannot be a stage.
    """
    if inspect.isabstract(cls):
        raise _refused(cls, "has no execute(); write one, or name a class that has")
    if is_awaited(cls.execute):
        raise _refused(cls, f"its execute() {AWAITED}")
    reads, writes = _type(cls, "input_type"), _type(cls, "output_type")
    told_by: dict[str, Any] = {
        "name": name or cls.action_name,
        "label": (name.rpartition(".")[2] or cls.action_name).replace("_", " ").capitalize(),
        "description": description or _doc(cls),
        "io": StageIO([INPUT] if reads else [], [OUTPUT]),
        "category": str(getattr(cls.category, "value", cls.category) or "custom"),
        "fn": _as_fn(cls, reads, writes),
        "config_model": cls.params_model,
        "read_types": {INPUT: reads} if reads else {},
        "write_types": {OUTPUT: writes} if writes else {},
        "env": dict(env or {}),
        "source": cls,
    }
    if unknown := [option for option in cls.stage_options if option not in _OPTIONS]:
        known = did_you_mean(unknown[0], _OPTIONS)
        raise _refused(cls, f"stage_options, or @action, say {unknown[0]!r}, which no stage has{known}")
    try:
        return StageDefinition(**{**told_by, **cls.stage_options})
    except TypeError as error:
        raise _refused(cls, f"stage_options are not as a stage has them: {error}") from None


def stage_of(action: Any) -> StageDefinition:
    """The stage that an action class, or a function made by `@action`, is where stages are looked up: of an action that
    came by a plugin that plugin's (`code.action`), else its own. Raises DefinitionError."""
    cls = getattr(action, "action_class", action)
    words = plugin_words(cls)
    if words is None:
        return definition_of(cls)
    return definition_of(cls, name=words.stage, description=words.description, env=words.env)


def plugin_words(cls: Action) -> PluginWords | None:
    """What its plugin said of an action, where one did. What derives from the action is another one."""
    words = vars(cls).get("_told_by_plugin")
    return words if isinstance(words, PluginWords) else None


def is_awaited(fn: Callable[..., Any]) -> bool:
    """Whether a call gives something to be awaited, and no result."""
    return inspect.iscoroutinefunction(fn) or inspect.isasyncgenfunction(fn)


def checked_result(cls: Action, result: Any) -> Any:
    """The result by the action's model: an instance of it, or what was given where it has none.

    Raises ContractError that names action and field.
    """
    from stages.plugins.action import NoResult

    model = cls.result_model
    if model is NoResult or isinstance(result, model):
        return result
    given = result.model_dump() if isinstance(result, BaseModel) else result
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise ContractError(
            f"Action {cls.action_name!r} gave a result that is no {model.__name__}: {told(error)}",
            action=cls.action_name,
        ) from None


def _as_fn(
    cls: Action, reads: type[DataType] | None, writes: type[DataType] | None
) -> Callable[[DetectState], dict[str, Any]]:
    def run(state: DetectState) -> dict[str, Any]:
        if reads:
            state.ctx.input = state[INPUT]
        return {OUTPUT: output_of(cls, writes, cls(state.config, state.ctx).run())}

    return run


def output_of(cls: Action, kind: type[DataType] | None, result: Any) -> Any:
    """What an action writes: its result, as JSON where it is a model; with an output type the one value of it there."""
    if kind is None:
        return model_as_json(result) if isinstance(result, BaseModel) else result
    if isinstance(result, kind):
        return result
    parts = {**vars(result)} if isinstance(result, BaseModel) else result if isinstance(result, dict) else {}
    found = [part for part in parts.values() if isinstance(part, kind)]
    if len(found) != 1:
        raise ContractError(
            f"Action {cls.action_name!r} declares to write a {kind.name}, and gave a {type(result).__name__}; give a "
            f"{kind.name}, or a result with exactly one in it.",
            action=cls.action_name,
        )
    return found[0]


def _type(cls: Action, which: str) -> type[DataType] | None:
    declared = getattr(cls, which)
    if declared is None:
        return None
    if isinstance(declared, type) and issubclass(declared, DataType):
        return declared
    import stages.datatypes  # noqa: F401  so that the shipped ones are known by name

    try:
        return find_type(str(declared)) if isinstance(declared, str) else _no_type(cls, which, declared)
    except KeyError as error:
        raise _refused(cls, f"{which} names no data type: {error.args[0]}") from None


def _no_type(cls: Action, which: str, declared: Any) -> type[DataType]:
    raise _refused(cls, f"{which} is {declared!r}, and no data type; name a class of stages.datatypes, or its name")


def _refused(cls: Action, problem: str) -> DefinitionError:
    return DefinitionError(f"Action {cls.action_name!r} ({cls.__name__}): {problem}", action=cls.action_name)


def _doc(cls: Action) -> str:
    """The class's own words; not those that it would inherit of BaseAction."""
    own = vars(cls).get("__doc__") or ""
    return inspect.cleandoc(own)
