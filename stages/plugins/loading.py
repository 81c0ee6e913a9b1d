"""What an entry point of a plugin names, imported: an action's class, or an error that says file and line."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from stages.core.errors import PluginError, StagewrightError
from stages.core.suggest import did_you_mean
from stages.plugins.action import BaseAction, is_action
from stages.plugins.entrypoint import parse_entrypoint
from stages.plugins.modules import PREFIX


def load_action(package: str, folder: Path, entrypoint: str) -> type[BaseAction[Any]]:
    """The action that an entry point names. Raises PluginError that names the file, and the line where there is one."""
    found = load_object(package, folder, entrypoint)
    found = getattr(found, "action_class", found)
    if not is_action(found):
        what = "has no execute()" if isinstance(found, type) and issubclass(found, BaseAction) else "is no action"
        how = "derive it from stages.plugins.BaseAction, or mark a function with @action"
        raise PluginError(f"{folder}: {entrypoint!r} {what}; {how}.", plugin=package, entrypoint=entrypoint)
    action: type[BaseAction[Any]] = found
    return action


def load_object(package: str, folder: Path, entrypoint: str) -> Any:
    """The class or function itself."""
    try:
        entry = parse_entrypoint(entrypoint)
    except ValueError as error:
        raise PluginError(f"{folder}: the entry point: {error}.", entrypoint=entrypoint) from None
    module = _module(package, folder, entry.module)
    if not hasattr(module, entry.name):
        names = [name for name in vars(module) if not name.startswith("_")]
        known = did_you_mean(entry.name, names).partition(" There are: ")[0]
        raise PluginError(
            f"{module.__file__} defines no {entry.name!r}, which the entry point {entrypoint!r} names{known}",
            entrypoint=entrypoint,
        )
    return getattr(module, entry.name)


def _module(package: str, folder: Path, name: str) -> ModuleType:
    whole = f"{package}.{name}"
    try:
        return importlib.import_module(whole)
    except ModuleNotFoundError as error:
        if error.name and (whole == error.name or whole.startswith(error.name + ".")):
            inside = (error.name or "").removeprefix(package + ".")
            problem = f"{folder}: there is no module {inside!r} in the plugin's folder; entry points are relative to it"
            raise PluginError(f"{problem}.", plugin=package) from None
        raise _failed(folder, error, _instead(package, folder, error.name or "")) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin's module may raise anything (pytest's Skipped is no Exception)
        raise _failed(folder, error) from error


def _instead(package: str, folder: Path, missing: str) -> str:
    """What to do about a module that is not there."""
    first = missing.partition(".")[0]
    if package.startswith(PREFIX) or not ((folder / first).is_dir() or (folder / f"{first}.py").is_file()):
        return "; install it"
    return f"; in an installed package write '{package}.{missing}'"


def _failed(folder: Path, error: BaseException, hint: str = "") -> PluginError:
    file, line = _place(folder, error)
    what = error.message if isinstance(error, StagewrightError) else f"{type(error).__name__}: {_text(error)}"
    where = f"{file}:{line}" if line else file
    return PluginError(f"{where}: the module does not load: {what}{hint}", file=file, line=line)


def _text(error: BaseException) -> str:
    return error.msg if isinstance(error, SyntaxError) else str(error)


def _place(folder: Path, error: BaseException) -> tuple[str, int | None]:
    """The last line of the plugin's own that led there; the folder where none did."""
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno or 1
    root = folder.resolve()
    own = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(root)]
    return (own[-1].filename, own[-1].lineno or 1) if own else (str(folder), None)
