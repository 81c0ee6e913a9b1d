"""Where stages come from: the entry points of installed packages, modules that are named, and further sources.

An entry point of the group ``stagewright.stages`` is a module (importing it registers), a StageDefinition, a function
made a stage by ``@stage``, an action, or a list of these. Of a module, definitions that nobody registered are
registered too, and the actions that it defines.

One of the group ``stagewright.sources`` is a function that gives pairs of where something comes from, in words, and a
function that loads it, as an entry point would be loaded. Plugins come by one. Sources are asked last, and only by who
looks for a stage that is not there yet or wants to see all: what they bring may take seconds to import.
"""

from __future__ import annotations

import importlib
import inspect
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from stages.core.definition import StageDefinition
from stages.core.errors import DefinitionError, StagewrightError
from stages.core.plugin_package import plugin_of

GROUP = "stagewright.stages"
SOURCES = "stagewright.sources"
VARIABLE = "STAGEWRIGHT_STAGE_MODULES"

Source = Callable[[], Iterable[tuple[str, Callable[[], Any]]]]

_lock = threading.RLock()
_seen: set[str] = set()
_faults: list[str] = []


def load_stages(modules: Iterable[str] | None = None) -> None:
    """Load what was not loaded yet, sources left out; `modules` are those that the environment names, by default.

    One that does not load is noted in `load_faults()` and does not stop the rest.
    """
    named = os.environ.get(VARIABLE, "").split(",") if modules is None else modules
    with _lock:
        for point in _entry_points(GROUP):
            _load(f"entry point {point.name!r} ({point.value})", point.load)
        for name in filter(None, (part.strip() for part in named)):
            _load(f"module {name!r} (named in {VARIABLE})", lambda name=name: importlib.import_module(name))


def load_sources() -> None:
    """Load what sources give and was not loaded yet; faults as with `load_stages`."""
    with _lock:
        for point in _entry_points(SOURCES):
            with _noted(f"source {point.name!r} ({point.value})"):
                source: Source = point.load()
                for origin, load in source():
                    _load(origin, load)


@cache
def _entry_points(group: str) -> list[EntryPoint]:
    return list(entry_points(group=group))  # looks through every installed package: 5 ms


def load_faults() -> list[str]:
    """What could not be loaded, and why."""
    return list(_faults)


def _load(origin: str, load: Any) -> None:
    if origin in _seen:
        return
    _seen.add(origin)
    with _noted(origin):
        for part in _parts(load()):
            with _noted(origin):
                _register(part)


@contextmanager
def _noted(origin: str) -> Iterator[None]:
    """What goes wrong in here is a fault, and what comes after it goes on."""
    try:
        yield
    except StagewrightError as error:
        _note(f"{origin}: {error}")
    except ModuleNotFoundError as error:
        where = f"install it, or name the folder that {error.name!r} lies in with PYTHONPATH"
        _note(f"{origin} does not load: ModuleNotFoundError: {error}; {where}")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a foreign module may raise anything (pytest's Skipped is no Exception)
        _note(f"{origin} does not load: {type(error).__name__}: {error}")


def _note(fault: str) -> None:
    if fault not in _faults:
        _faults.append(fault)


def _parts(found: Any) -> list[Any]:
    """What is to be registered, each once though a module may have two names for it."""
    if isinstance(found, ModuleType):
        parts = [part for part in vars(found).values() if isinstance(part, StageDefinition) or _is_own(found, part)]
        return list({id(part): part for part in parts}.values())
    return list(found) if isinstance(found, list | tuple) else [found]


def _is_own(module: ModuleType, part: Any) -> bool:
    """Whether it is an action that the module itself defines, by what core can know of actions: a class with
    `execute` and a name, or a function that was made one. Those of a plugin come by its config, under its code."""
    if getattr(part, "__module__", None) != module.__name__ or plugin_of(module.__name__):
        return False
    kind = getattr(part, "action_class", part)
    named = isinstance(kind, type) and isinstance(getattr(kind, "action_name", None), str)
    return named and callable(getattr(kind, "definition", None)) and not inspect.isabstract(kind)


def _register(part: Any) -> None:
    from stages.core.registry import register_stage

    definition = part if isinstance(part, StageDefinition) else getattr(part, "definition", None)
    if not isinstance(definition, StageDefinition) and callable(definition):  # an action's
        definition = definition()
    if not isinstance(definition, StageDefinition):
        known = "a module, a StageDefinition, what @stage made, an action, or a list"
        raise DefinitionError(f"{part!r} is no stage. Name {known}.")
    register_stage(definition)
