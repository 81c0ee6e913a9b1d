"""`PluginDiscovery`: what a plugin brings."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from stages.core.definition import StageDefinition
from stages.core.errors import PluginError, UnknownAction
from stages.core.suggest import did_you_mean
from stages.documents.text_file import is_file
from stages.plugins.action import BaseAction, NoParams, is_action
from stages.plugins.action_stage import PluginWords, definition_of
from stages.plugins.config import ActionConfig, PluginConfig
from stages.plugins.config_file import CONFIG_FILE, config_path, load_config
from stages.plugins.entrypoint import parse_entrypoint
from stages.plugins.faults import refuse
from stages.plugins.filling_in import fill_in, said_by_code, twin
from stages.plugins.loading import load_action, load_object
from stages.plugins.modules import open_package

if TYPE_CHECKING:
    from stages.plugins.config_sync import SyncReport
    from stages.plugins.installed import InstalledPlugin


class PluginDiscovery:
    """A plugin's config and, asked for by name, its actions. Code is imported when an action is first asked for."""

    def __init__(self, config: PluginConfig, folder: Path, package: str) -> None:
        """`package` is where the modules of `folder` are imported; made by `from_path` and `from_module`."""
        self.config, self.folder, self.package = config, folder, package
        self._classes: dict[str, type[BaseAction[Any]]] = {}

    @classmethod
    def from_path(cls, path: str | Path) -> PluginDiscovery:
        """The plugin in a folder with a config.yaml. Raises PluginError with every fault of the config and its line."""
        config, folder = load_config(path), config_path(path).absolute().parent
        return cls(config, folder, open_package(config.code, folder))

    @classmethod
    def from_module(cls, name: str | ModuleType) -> PluginDiscovery:
        """The plugin that an importable module is: by the config.yaml beside it, else by the actions in it.

        Raises PluginError where the module cannot be imported or two of its actions have one name.
        """
        module = name if isinstance(name, ModuleType) else _imported(name)
        if (folder := _config_folder(module)) is not None:
            return cls(load_config(folder), folder, module.__name__)
        found = cls(_config_of(module), Path(module.__file__ or ".").parent, module.__name__)
        found._classes = {action.action_name: action for action in _actions_in(module)}
        return found

    @classmethod
    def of_installed(cls, plugin: InstalledPlugin) -> PluginDiscovery:
        """One that was found on this machine. Raises PluginError where something is wrong with it."""
        if plugin.config is None or plugin.errors:
            raise refuse(plugin.name, plugin.faults)
        package = plugin.package or open_package(plugin.config.code, plugin.folder)
        return cls(plugin.config, plugin.folder, package)

    @staticmethod
    def discover_actions(path: str | Path) -> list[dict[str, Any]]:
        """The actions in a folder's code, read and not run: name, entrypoint, input_type, output_type of each.

        `path` is the folder, or the config.yaml in it. Raises PluginError where there is no such folder.
        """
        from stages.plugins.reading_code import find_actions

        folder = config_path(path).parent
        if not folder.is_dir():
            raise PluginError(f"{folder} is no folder; name a plugin's folder, or the {CONFIG_FILE} in it.")
        keys = ("name", "entrypoint", "input_type", "output_type")
        return [{key: getattr(found, key) for key in keys} for found in find_actions(folder)[0]]

    @staticmethod
    def sync_config_file(path: str | Path) -> SyncReport:
        """Bring config.yaml up to its code: new actions are added, entry points mended, nothing is removed."""
        from stages.plugins.config_sync import sync_config

        return sync_config(Path(path))

    def list_actions(self) -> list[str]:
        """Names, in the config's order."""
        return list(self.config.actions)

    def get_action_config(self, name: str) -> ActionConfig:
        """What the config says of an action. Raises UnknownAction that names the nearest match."""
        if name not in self.config.actions:
            known = did_you_mean(name, self.config.actions)
            raise UnknownAction(f"Plugin {self.config.code!r} has no action {name!r}{known}", plugin=self.config.code)
        return self.config.actions[name]

    def get_action_class(self, name: str) -> type[BaseAction[Any]]:
        """The action's class; what it leaves out (name, category, types, model of its parameters) the config gives.

        Raises PluginError with file and line where its code does not load.
        """
        config = self.get_action_config(name)
        if name not in self._classes:
            found = load_action(self.package, self.folder, config.entrypoint)
            found = twin(found) if self._is_second(name) else found
            fill_in(found, self._said(found, config))
            found._told_by_plugin = self._words(name)
            self._classes[name] = found
        return self._classes[name]

    def get_action_definition(self, name: str) -> StageDefinition:
        """The stage that the action is: `code.name`. Raises PluginError, and DefinitionError where it can be none."""
        action, told = self.get_action_class(name), self._words(name)
        return definition_of(action, name=told.stage, description=told.description, env=told.env)

    def get_action_params_model(self, name: str) -> type[BaseModel]:
        """The pydantic model of its parameters."""
        return self.get_action_class(name).params_model

    def get_action_result_model(self, name: str) -> type[BaseModel]:
        """The pydantic model of its result; NoResult where it has none."""
        return self.get_action_class(name).result_model

    def get_action_input_type(self, name: str) -> Any:
        """The data type that it reads; None where it reads nothing."""
        return self.get_action_definition(name).read_types.get("input")

    def get_action_output_type(self, name: str) -> Any:
        """The data type that it writes; None where that is any value."""
        return self.get_action_definition(name).write_types.get("output")

    def get_action_ui_schema(self, name: str) -> dict[str, Any]:
        """The form of its parameters, for FormKit."""
        from stages.plugins.form_schema import ui_schema

        return ui_schema(self.get_action_params_model(name))

    def get_action_json_schema(self, name: str) -> dict[str, Any]:
        """The JSON Schema of its parameters."""
        from stages.plugins.form_schema import json_schema

        return json_schema(self.get_action_params_model(name))

    def _words(self, name: str) -> PluginWords:
        config, stage = self.config, f"{self.config.code}.{name}"
        of_processes = config.runtime_env.get("env_vars") or {}  # Ray sets them; where it does not, the stage has them
        env = {**config.env, **{variable: str(value) for variable, value in of_processes.items()}}
        return PluginWords(self.folder, name, stage, config.actions[name].description, env)

    def _is_second(self, name: str) -> bool:
        """Whether an action that stands above it in the config is made of the same class."""
        places = {name: parse_entrypoint(action.entrypoint) for name, action in self.config.actions.items()}
        return next(other for other in places if places[other] == places[name]) != name

    def _said(self, action: type[BaseAction[Any]], config: ActionConfig) -> dict[str, Any]:
        needs_model = config.params_schema is not None and said_by_code(action, "params_model") is NoParams
        return {
            "action_name": config.name,
            "category": self.config.category,
            "input_type": config.input_type,
            "output_type": config.output_type,
            "params_model": self._model(config) if needs_model else None,
        }

    def _model(self, config: ActionConfig) -> type[BaseModel]:
        named = config.params_schema
        found = load_object(self.package, self.folder, named) if isinstance(named, str) else named
        if not (isinstance(found, type) and issubclass(found, BaseModel)):
            raise PluginError(f"Plugin {self.config.code!r}, action {config.name!r}: {named!r} is no pydantic model.")
        return found


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin's module may raise anything
        raise PluginError(f"The module {name!r} does not load: {type(error).__name__}: {error}", plugin=name) from error


def _config_folder(module: ModuleType) -> Path | None:
    """The folder of a package in which config.yaml lies; a package without `__init__.py` may have several folders."""
    places = (Path(place) for place in getattr(module, "__path__", ()))
    return next((place for place in places if is_file(place / CONFIG_FILE)), None)


def _actions_in(module: ModuleType) -> list[type[BaseAction[Any]]]:
    """The actions that a module defines, or that a package brings of its own modules; each once."""
    found = [getattr(part, "action_class", part) for part in vars(module).values()]
    own = [part for part in dict.fromkeys(filter(_is_hashable, found)) if is_action(part) and _is_of(module, part)]
    for action in own:
        if (twin := next(a for a in own if a.action_name == action.action_name)) is not action:
            both = f"{twin.__qualname__} and {action.__qualname__}"
            raise PluginError(f"{module.__name__}: {both} are both called {action.action_name!r}; rename one.")
    return own


def _is_hashable(part: Any) -> bool:
    return isinstance(part, type)


def _is_of(module: ModuleType, action: type) -> bool:
    return action.__module__ == module.__name__ or action.__module__.startswith(module.__name__ + ".")


def _config_of(module: ModuleType) -> PluginConfig:
    last = module.__name__.rpartition(".")[2]
    actions = {
        action.action_name: ActionConfig(
            name=action.action_name,
            entrypoint=f"{action.__module__}:{action.__name__}",
            input_type=action.input_type,
            output_type=action.output_type,
        )
        for action in _actions_in(module)
    }
    code = re.sub(r"[^A-Za-z0-9]+", "-", last).strip("-") or "plugin"
    return PluginConfig(name=last, code=code, actions=actions)
