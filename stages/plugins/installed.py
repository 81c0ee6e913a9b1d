"""The plugins of this machine: folders that STAGEWRIGHT_PLUGINS names, and entry points of installed packages.

A folder is a plugin itself (it has a config.yaml), or holds plugins. An entry point of the group
``stagewright.plugins`` names the package that has a config.yaml in it. Finding reads configs and imports nothing.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from itertools import accumulate
from pathlib import Path
from typing import Any

from stages.core.definition import StageDefinition
from stages.core.errors import PluginError
from stages.core.suggest import did_you_mean
from stages.documents.faults import Fault
from stages.documents.text_file import is_file
from stages.plugins.config import PluginConfig
from stages.plugins.config_file import CONFIG_FILE, config_path, read_config
from stages.plugins.faults import refuse
from stages.plugins.modules import folder_of, package_name

VARIABLE = "STAGEWRIGHT_PLUGINS"
GROUP = "stagewright.plugins"


@dataclass(frozen=True)
class InstalledPlugin:
    """A plugin that was found. `origin` says how, in words; `package` is where its modules are imported, where that is
    not a package of its own; `config` is there when nothing is wrong with it."""

    folder: Path
    origin: str
    package: str | None = None
    config: PluginConfig | None = None
    faults: list[Fault] = field(default_factory=list)

    @classmethod
    def in_folder(cls, folder: Path, origin: str) -> InstalledPlugin:
        """The plugin in that folder, which may be named by its config.yaml, with what that says."""
        config, faults = read_config(folder.absolute())
        return cls(config_path(folder.absolute()).parent, origin, None, config, faults)

    @property
    def name(self) -> str:
        """The code; the folder's name where that cannot be read."""
        return self.config.code if self.config else self.folder.name

    @property
    def errors(self) -> list[Fault]:
        """What keeps it from being used."""
        return [fault for fault in self.faults if fault.severity == "error"]


def find_plugins() -> list[InstalledPlugin]:
    """All plugins, in the order in which they are named. Two of one code are both faulty: none is more right.

    A package whose folder is named as well is one plugin, and stays what it is.
    """
    packages = list(_of_packages())
    found = [*(plugin for plugin in _in_folders() if _package_in(plugin.folder, packages) is None), *packages]
    codes = Counter(package_name(plugin.config.code) for plugin in found if plugin.config)
    return [_told_of_others(plugin, found) if _is_double(plugin, codes) else plugin for plugin in found]


def named_folders() -> list[Path]:
    """What the variable names, for a process with any working folder."""
    named = (part.strip() for part in os.environ.get(VARIABLE, "").split(","))
    return [Path(os.path.expanduser(folder)).absolute() for folder in named if folder]


def find_plugin(name: str | Path) -> InstalledPlugin:
    """The plugin in a folder, or the installed one of a code. Raises PluginError that names the nearest code."""
    installed, text = find_plugins(), str(name)
    known = next((one for one in installed if one.name == text), None)
    if known is not None and not Path(name).is_dir():
        return known
    if known is None and not Path(name).exists() and "/" not in text:
        names = did_you_mean(text, [one.name for one in installed])
        raise PluginError(f"There is no plugin {text!r}{names} A folder would do as well.", plugin=text)
    named = InstalledPlugin.in_folder(Path(name), "named by its folder")
    return _package_in(named.folder, installed) or named


def package_of(module: str, folder: Path) -> str | None:
    """The package in a plugin's folder that a module was imported from as Python itself does it; none where the plugin
    is a folder and no more, and for a module that lies elsewhere."""
    if folder_of(module) is not None:
        return None
    packages = accumulate(module.split("."), "{}.{}".format)
    return next((package for package in packages if _lies_in(package, folder.resolve())), None)


def sources() -> Iterator[tuple[str, Callable[[], Any]]]:
    """The plugins' stages as `stages.core.discovery` loads them: where each comes from, and how it is loaded."""
    for plugin in find_plugins():
        origin = f"plugin {plugin.name!r} ({plugin.folder})"
        if plugin.config is None or plugin.errors:
            yield origin, partial(_refuse, plugin)
        else:
            for action in plugin.config.actions:
                yield f"{origin}, action {action!r}", partial(_definition, plugin, action)


def _definition(plugin: InstalledPlugin, action: str) -> StageDefinition:
    from stages.plugins.discovery import PluginDiscovery

    return PluginDiscovery.of_installed(plugin).get_action_definition(action)


def _refuse(plugin: InstalledPlugin) -> None:
    raise refuse(plugin.name, plugin.faults)


def _in_folders() -> Iterator[InstalledPlugin]:
    seen: set[Path] = set()
    for named in named_folders():
        for folder in _plugin_folders(named):
            if (real := folder.resolve()) not in seen:
                seen.add(real)
                yield InstalledPlugin.in_folder(folder, VARIABLE)


def _plugin_folders(folder: Path) -> list[Path]:
    """The folder, if it is a plugin or is nothing that could hold some; else those in it."""
    if is_file(folder / CONFIG_FILE) or not folder.is_dir():
        return [folder]
    try:
        inside = sorted(path for path in folder.iterdir() if is_file(path / CONFIG_FILE))
    except OSError:
        return [folder]  # reading it says why
    return inside


def _of_packages() -> Iterator[InstalledPlugin]:
    for point in _entry_points():
        origin = f"entry point {point.name!r} ({point.value})"
        folder = _folder_of(point.value)
        if folder is None:
            fault = Fault(f"the {origin} names no package that is installed")
            yield InstalledPlugin(Path(point.value), origin, faults=[fault])
        else:
            yield replace(InstalledPlugin.in_folder(folder, origin), package=point.value)


@cache
def _entry_points() -> list[EntryPoint]:
    return list(entry_points(group=GROUP))


def _folder_of(package: str) -> Path | None:
    """Where a package lies; only the first part is looked up by Python, so that nothing of it is run."""
    top, *inside = package.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    places = [Path(place, *inside) for place in (spec.submodule_search_locations or ())] if spec else []
    return next((place for place in places if place.is_dir()), None)


def _package_in(folder: Path, plugins: list[InstalledPlugin]) -> InstalledPlugin | None:
    """That of the plugins which is a package and lies in the folder."""
    real = folder.resolve()
    return next((plugin for plugin in plugins if plugin.package and plugin.folder.resolve() == real), None)


def _lies_in(package: str, real: Path) -> bool:
    return any(Path(place).resolve() == real for place in getattr(sys.modules.get(package), "__path__", ()))


def _is_double(plugin: InstalledPlugin, codes: Counter[str]) -> bool:
    return plugin.config is not None and codes[package_name(plugin.config.code)] > 1


def _told_of_others(plugin: InstalledPlugin, found: list[InstalledPlugin]) -> InstalledPlugin:
    assert plugin.config is not None
    package = package_name(plugin.config.code)
    same = [p for p in found if p is not plugin and p.config and package_name(p.config.code) == package]
    places = " and ".join(str(other.folder) for other in same)
    message = f"the code {plugin.config.code!r} is also that of {places}; none is loaded. Change `code:` in one"
    fault = Fault(message, None, "code", str(plugin.folder / CONFIG_FILE))
    return replace(plugin, faults=[*plugin.faults, fault])
