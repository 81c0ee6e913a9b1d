"""The stages there are. Registering is where a declaration is checked."""

from __future__ import annotations

import copyreg
import math
import re
from collections.abc import Mapping
from typing import Any

from stages.core.config import check_defaults
from stages.core.definition import StageDefinition
from stages.core.discovery import load_faults, load_sources, load_stages
from stages.core.errors import DefinitionError, UnknownStage
from stages.core.suggest import did_you_mean

CODE = re.compile(r"[A-Za-z][A-Za-z0-9]*([_-][A-Za-z0-9]+)*")
"""What a plugin's code looks like; the names of its stages are `code.action`."""

_stages: dict[str, StageDefinition] = {}

# To another process a stage goes by its name: the code is there, or the name is told to be unknown.
copyreg.pickle(StageDefinition, lambda definition: (get_stage, (definition.name,)))


def register_stage(definition: StageDefinition) -> StageDefinition:
    """Make a stage known by its name. Raises DefinitionError that names stage and field.

    The same stage again (its module was loaded anew) replaces itself; another one of the name is refused.
    """
    check_stage(definition)
    _stages[definition.name] = definition
    return definition


def check_stage(definition: StageDefinition) -> None:
    """Whether a stage could be registered. Raises DefinitionError that names stage and field."""
    _check_name(definition)
    _check_io(definition)
    check_defaults(definition.name, definition.settings)
    _check_types(definition)
    _check_secrets(definition)
    _check_progress(definition)


def get_stage(name: str) -> StageDefinition:
    """The stage of that name; a plugin's (`code.action`) also by its last part, where one plugin alone brings such.

    Raises UnknownStage (a KeyError) that names the nearest match and those there are.
    """
    for load in (load_stages, load_sources):
        if name not in _stages:
            load()
    if name in _stages:
        return _stages[name]
    of_plugins = [known for known in sorted(_stages) if known.rpartition(".")[2] == name]
    if len(of_plugins) == 1:
        return _stages[of_plugins[0]]
    if of_plugins:
        message = f"There are several stages {name!r}: write which one, {' or '.join(of_plugins)}."
        raise UnknownStage(message, stage=name)
    raise UnknownStage(f"There is no stage {name!r}{did_you_mean(name, _stages)}{_why_lost(name)}", stage=name)


def list_stages() -> list[StageDefinition]:
    """All stages, by name."""
    load_stages()
    load_sources()
    return [_stages[name] for name in sorted(_stages)]


def get_palette() -> dict[str, list[StageDefinition]]:
    """All stages by category, as an editor shows them."""
    palette: dict[str, list[StageDefinition]] = {}
    for definition in sorted(list_stages(), key=lambda d: (d.category, d.name)):
        palette.setdefault(definition.category, []).append(definition)
    return palette


def _why_lost(name: str) -> str:
    """What did not load; only what its plugin did not, where it names one of which there is such."""
    faults = load_faults()
    plugin, dot, _ = name.rpartition(".")
    own = [fault for fault in faults if dot and fault.startswith(f"plugin {plugin!r} ")]
    return "".join(f" Not loaded: {fault.removesuffix('.')}." for fault in own or faults)


def _same_code(first: StageDefinition, second: StageDefinition) -> bool:
    origin = _origin(first)
    return origin is not None and origin == _origin(second)


def _origin(definition: StageDefinition) -> tuple[str, str, int] | None:
    """What tells a function from others. All lambdas of a place have one name, so for them the line counts too."""
    code: Any = definition.code
    if not hasattr(code, "__qualname__"):
        return None
    line = code.__code__.co_firstlineno if code.__qualname__.endswith("<lambda>") else 0
    return code.__module__, code.__qualname__, line


def _refuse(definition: StageDefinition, problem: str) -> DefinitionError:
    return DefinitionError(f"Stage {definition.name!r}: {problem}", stage=definition.name)


def _check_name(definition: StageDefinition) -> None:
    plugin, dot, own = definition.name.rpartition(".")
    if not own.isidentifier() or (dot and not CODE.fullmatch(plugin)):
        raise _refuse(definition, "its name must be an identifier (letters, digits, '_'), since profiles refer to it.")
    if not callable(definition.fn):
        raise _refuse(definition, f"fn must be a function of the state; it is {definition.fn!r}.")
    if (definition.serialize_fn is None) != (definition.deserialize_fn is None):
        raise _refuse(definition, "serialize_fn and deserialize_fn go together; one is missing.")
    known = _stages.get(definition.name)
    if known is not None and known is not definition and not _same_code(known, definition):
        first, second = (getattr(d.code, "__module__", "?") for d in (known, definition))
        raise _refuse(definition, f"{second} brings a stage of this name, and so did {first}; rename one of the two.")


def _check_io(definition: StageDefinition) -> None:
    io = definition.io
    for kind, keys in (("reads", definition.all_reads), ("writes", io.writes)):
        for key in keys:
            if not isinstance(key, str) or not key.isidentifier():
                raise _refuse(definition, f"{kind} the key {key!r}, which is not an identifier.")
            if keys.count(key) > 1:
                raise _refuse(definition, f"{kind} the key {key!r} twice.")


def _check_types(definition: StageDefinition) -> None:
    for kind, keys, typed in (
        ("reads", definition.all_reads, definition.read_types),
        ("writes", definition.io.writes, definition.write_types),
    ):
        for key, data_type in typed.items():
            if key not in keys:
                raise _refuse(definition, f"declares a type for {key!r}, which it does not declare among its {kind}.")
            if not data_type.can_write() and definition.serialize_fn is None:
                problem = f"{kind} {key!r} as {data_type.name}, which cannot write itself: it lacks encode or decode."
                raise _refuse(definition, problem)


def _check_secrets(definition: StageDefinition) -> None:
    names = definition.secrets
    if isinstance(names, str) or not all(re.fullmatch(r"[A-Z][A-Z0-9_]*", name) for name in names):
        raise _refuse(definition, f"secrets is a list of variables such as STAGEWRIGHT_VISION_KEY; it is {names!r}.")


def _check_progress(definition: StageDefinition) -> None:
    weights = definition.progress
    if not isinstance(weights, Mapping):
        raise _refuse(definition, f"progress is a mapping of categories to their weights; it is {weights!r}.")
    wrong = any(not math.isfinite(weight) or weight < 0 for weight in weights.values())
    if wrong or (weights and not any(weights.values())):
        problem = f"progress gives each category a weight, 0 or more and not all 0; it is {dict(weights)}."
        raise _refuse(definition, problem)
