"""Importing a plugin's modules under a package of its own, so that many plugins may have a package called `plugin`.

The module `plugin/train.py` of the plugin `yolo` is `stagewright_plugin_yolo.plugin.train`, in every process that knows
the plugin's folder: classes and functions can be sent to others by name. Inside the plugin its modules import one
another as they stand in the folder (`from plugin.model import Net`): its own come first, then everybody's. Only names
of the standard library and of Stagewright are never the plugin's.
"""

from __future__ import annotations

import builtins
import importlib
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from stages.core.plugin_package import CODE

PREFIX = "stagewright_plugin_"
_NOT_ITS_OWN = sys.stdlib_module_names | {"stages", "flows", "deployments"}

_lock = threading.RLock()
_roots: dict[str, tuple[Path, str]] = {}  # package -> folder, code
_states: dict[str, dict[str, int]] = {}  # package -> its files when they were loaded


def package_name(code: str) -> str:
    """The package of the plugin of that code, as a plugin that is installed gets it."""
    return PREFIX + code.replace("-", "_").lower()


def open_package(code: str, folder: Path) -> str:
    """The package in which the modules of that folder can be imported. What has changed there is imported anew.

    A second folder of one code (another checkout, say) gets a package beside the first, so that neither is mixed up.
    """
    folder, number = folder.resolve(), 1
    with _lock:
        name = package_name(code)
        while _roots.get(name, (folder, code))[0] != folder:
            number += 1
            name = f"{package_name(code)}__{number}"
        _roots[name] = (folder, code)
        _forget_if_changed(name)
        return name


def folder_of(module: str) -> Path | None:
    """The folder of the plugin that a module is imported from; none where it is no plugin's, or a package's."""
    top = module.partition(".")[0]
    return _roots[top][0] if top in _roots else None


def is_own(folder: Path, name: str) -> bool:
    """Whether a plugin means a module of its own by the first part of an import."""
    if name in _NOT_ITS_OWN or not name.isidentifier():
        return False
    if (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file():
        return True
    # a folder without __init__.py is a package of the plugin only if it is nobody else's, as everywhere in Python
    if not any((folder / name).glob("*.py")):
        return False
    elsewhere = PathFinder.find_spec(name)
    return elsewhere is None or elsewhere.origin is None


class _Finder(MetaPathFinder):
    """Finds the packages of plugins, and what is in them; in a new process by the plugins that are installed there."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top, _, inside = fullname.partition(".")
        if not top.startswith(PREFIX) or (root := _root(top)) is None:
            return None
        folder, code = root
        if not inside:
            return _spec_of_root(fullname, folder, code)
        found = PathFinder.find_spec(fullname, path)
        if found is not None and found.origin and not Path(found.origin).resolve().is_relative_to(folder):
            raise ImportError(f"{found.origin} leads out of the plugin's folder, {folder}", name=fullname)
        if found is not None and isinstance(found.loader, SourceFileLoader):
            found.loader = _Source(found.loader.name, str(found.loader.path), top, folder)
        return found


def _root(top: str) -> tuple[Path, str] | None:
    if top not in _roots:
        from stages.plugins.installed import find_plugins

        for plugin in find_plugins():
            if plugin.config is not None and package_name(plugin.config.code) == top:
                open_package(plugin.config.code, plugin.folder)
    return _roots.get(top)


def _spec_of_root(name: str, folder: Path, code: str) -> ModuleSpec:
    file = folder / "__init__.py"
    loader = _Source(name, str(file), name, folder, {CODE: code}) if file.is_file() else _Bare({CODE: code})
    spec = ModuleSpec(name, loader, origin=str(file) if file.is_file() else None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    spec.has_location = file.is_file()
    return spec


class _Bare(Loader):
    """A package that is a folder and no file."""

    def __init__(self, more: Mapping[str, Any]) -> None:
        self._more = more

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(self._more)


class _Source(SourceFileLoader):
    """A module of a plugin: what it imports is looked for in the plugin first. Nothing is compiled into its folder."""

    def __init__(self, name: str, path: str, root: str, folder: Path, more: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, path)
        self._root, self._folder, self._more = root, folder, more or {}

    def exec_module(self, module: ModuleType) -> None:
        own = {**vars(builtins), "__import__": _import_for(self._root, self._folder)}
        vars(module).update(self._more, __builtins__=own)
        _states.setdefault(self._root, {})[self.path] = Path(self.path).stat().st_mtime_ns
        super().exec_module(module)

    def path_stats(self, path: str) -> Mapping[str, Any]:
        raise OSError("a plugin's modules are compiled each time")  # kept ones are told apart by whole seconds only


def _import_for(root: str, folder: Path) -> Any:
    def import_(
        name: str, globals: Any = None, locals: Any = None, fromlist: Sequence[str] = (), level: int = 0
    ) -> ModuleType:
        first = name.partition(".")[0]
        if level or not is_own(folder, first):
            return builtins.__import__(name, globals, locals, fromlist, level)
        module = builtins.__import__(f"{root}.{name}", globals, locals, fromlist, 0)
        return module if fromlist else sys.modules[f"{root}.{first}"]

    return import_


def _forget_if_changed(package: str) -> None:
    known = _states.get(package, {}).copy()  # another thread may just load one more
    if any(_modified(path) != when for path, when in known.items()):
        for name in [name for name in sys.modules if name == package or name.startswith(package + ".")]:
            del sys.modules[name]
        _states.pop(package)
    importlib.invalidate_caches()


def _modified(path: str) -> int | None:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return None


sys.meta_path.insert(0, _Finder())  # before Python's own, which would find what is inside such a package as well
