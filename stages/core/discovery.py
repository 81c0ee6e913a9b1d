"""Where stages come from: the entry points of installed packages, and modules that are named.

An entry point of the group ``stagewright.stages`` is a module (importing it registers), a StageDefinition, or a list of
them. In a module, definitions that nobody registered are registered too.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from stages.core.definition import StageDefinition
from stages.core.errors import StagewrightError

GROUP = "stagewright.stages"
VARIABLE = "STAGEWRIGHT_STAGE_MODULES"

_lock = threading.RLock()
_seen: set[str] = set()
_faults: list[str] = []


def load_stages(modules: Iterable[str] | None = None) -> None:
    """Load what was not loaded yet; `modules` are those that the environment names, by default.

    One that does not load is noted in `load_faults()` and does not stop the rest.
    """
    named = os.environ.get(VARIABLE, "").split(",") if modules is None else modules
    with _lock:
        for point in _entry_points():
            _load(f"entry point {point.name!r} ({point.value})", point.load)
        for name in filter(None, (part.strip() for part in named)):
            _load(f"module {name!r} (named in {VARIABLE})", lambda name=name: importlib.import_module(name))


@cache
def _entry_points() -> list[EntryPoint]:
    return list(entry_points(group=GROUP))  # looks through every installed package: 5 ms


def load_faults() -> list[str]:
    """What could not be loaded, and why."""
    return list(_faults)


def _load(origin: str, load: Any) -> None:
    if origin in _seen:
        return
    _seen.add(origin)
    try:
        _register(load())
    except StagewrightError as error:
        _faults.append(f"{origin}: {error}")
    except ModuleNotFoundError as error:
        where = f"install it, or name the folder that {error.name!r} lies in with PYTHONPATH"
        _faults.append(f"{origin} does not load: ModuleNotFoundError: {error}; {where}")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a foreign module may raise anything, and must not stop the rest
        _faults.append(f"{origin} does not load: {type(error).__name__}: {error}")


def _register(found: Any) -> None:
    from stages.core.registry import register_stage

    parts = vars(found).values() if isinstance(found, ModuleType) else found if isinstance(found, list) else [found]
    for part in list(parts):
        if isinstance(part, StageDefinition):
            register_stage(part)
