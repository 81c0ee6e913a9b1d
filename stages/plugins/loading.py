"""What an entry point of a plugin names, imported: an action's class, or an error that says file and line."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from stages.core.errors import PluginError, StagewrightError
from stages.core.suggest import did_you_mean
from stages.plugins.action import BaseAction, is_action
from stages.plugins.config_file import read_document
from stages.plugins.entrypoint import parse_entrypoint
from stages.plugins.modules import PREFIX

_NOTHING = object()


def load_action(package: str, folder: Path, entrypoint: str) -> type[BaseAction[Any]]:
    """The action that an entry point names. Raises PluginError that names the file, and the line where there is one."""
    found = load_object(package, folder, entrypoint)
    found = getattr(found, "action_class", found)
    if not is_action(found):
        is_unfinished = isinstance(found, type) and issubclass(found, BaseAction)
        missing = ", ".join(f"{name}()" for name in sorted(found.__abstractmethods__)) if is_unfinished else ""
        how = "derive it from stages.plugins.BaseAction, or mark a function with @action"
        what = f"has no {missing}" if is_unfinished else f"is no action; {how}"
        raise _refused(package, folder, entrypoint, f"{entrypoint!r} {what}.")
    action: type[BaseAction[Any]] = found
    return action


def load_object(package: str, folder: Path, entrypoint: str) -> Any:
    """The class or function itself."""
    try:
        entry = parse_entrypoint(entrypoint)
    except ValueError as error:
        raise _refused(package, folder, entrypoint, f"the entry point: {error}.") from None
    module = _module(package, folder, entrypoint, entry.module)
    found = _named(package, folder, module, entry.name)
    if found is _NOTHING:
        names = [name for name in vars(module) if not name.startswith("_")]
        known = did_you_mean(entry.name, names).partition(" There are: ")[0]
        raise PluginError(
            f"{module.__file__} defines no {entry.name!r}, which the entry point {entrypoint!r} names{known}",
            entrypoint=entrypoint,
        )
    return found


def _module(package: str, folder: Path, entrypoint: str, name: str) -> ModuleType:
    whole = f"{package}.{name}"
    try:
        return importlib.import_module(whole)
    except ModuleNotFoundError as error:
        if error.name and (whole == error.name or whole.startswith(error.name + ".")):
            inside = error.name.removeprefix(package + ".")
            problem = f"there is no module {inside!r} in the plugin's folder; entry points are relative to it."
            raise _refused(package, folder, entrypoint, problem) from None
        raise _failed(package, folder, error, _instead(package, folder, error.name or "")) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin's module may raise anything (pytest's Skipped is no Exception)
        raise _failed(package, folder, error) from error


def _named(package: str, folder: Path, module: ModuleType, name: str) -> Any:
    """What a module has under a name, which a function `__getattr__` of its own may have to tell."""
    try:
        return getattr(module, name, _NOTHING)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _failed(package, folder, error) from error


def _refused(package: str, folder: Path, entrypoint: str, problem: str) -> PluginError:
    """The error about what an entry point says, at its line in the config; at the folder where no config says it."""
    document = read_document(folder)
    parts = (part for entry in document.entries.values() for part in entry.values())
    line = next((part.line for part in parts if str(part.value).strip() == entrypoint), None)
    where = f"{document.file}:{line}" if line else str(folder)
    file = str(document.file) if line else None
    return PluginError(f"{where}: {problem}", plugin=package, entrypoint=entrypoint, file=file, line=line)


def _instead(package: str, folder: Path, missing: str) -> str:
    """What to do about a module that is not there."""
    if missing.startswith(f"{package}."):
        return "; there is no such module in the plugin's folder"
    first = missing.partition(".")[0]
    if package.startswith(PREFIX) or not ((folder / first).is_dir() or (folder / f"{first}.py").is_file()):
        return "; install it"
    return f"; in an installed package write '{package}.{missing}'"


def _failed(package: str, folder: Path, error: BaseException, hint: str = "") -> PluginError:
    file, line = _place(folder, error)
    what = error.message if isinstance(error, StagewrightError) else f"{type(error).__name__}: {_text(error)}"
    if package.startswith(PREFIX):
        what = what.replace(f"{package}.", "")  # in the plugin's folder nothing is called so
    where = f"{file}:{line}" if line else file
    return PluginError(f"{where}: the module does not load: {what}{hint}", file=file, line=line)


def _text(error: BaseException) -> str:
    return error.msg if isinstance(error, SyntaxError) else str(error)


def _place(folder: Path, error: BaseException) -> tuple[str, int | None]:
    """The last line of the plugin's own that led there; the folder where none did."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_file():
        return error.filename, error.lineno or 1
    root, place = folder.resolve(), None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if Path(frame.f_code.co_filename).is_relative_to(root):
            place = frame.f_code.co_filename, line or 1
        elif (file := _being_read(frame)) is not None and Path(file).is_relative_to(root):
            place = file, 1
    return place or (str(folder), None)


def _being_read(frame: FrameType) -> str | None:
    """The file of a module that a frame loads, where it does: of null bytes nothing else says where they are."""
    module = frame.f_locals.get("module") if frame.f_code.co_name == "exec_module" else None
    return getattr(module, "__file__", None)
