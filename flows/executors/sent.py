"""A call of an action as it travels to another process: names, settings and digests, as JSON; its code goes apart."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flows.executors.calls import ActionCall, action_class
from stages.core.errors import ContractError, PluginError, UsageError
from stages.core.execute import StageCall
from stages.core.results import ValueHandle
from stages.core.stage_version import stage_version
from stages.core.values import StoredValue
from stages.plugins.action import BaseAction
from stages.plugins.action_stage import plugin_words, stage_of
from stages.plugins.discovery import PluginDiscovery
from stages.plugins.installed import package_of


@dataclass(frozen=True)
class SentCall:
    """One call. `name` is the action's name in the plugin that travels with the call; with `package`, in the one that
    is installed as that package on both sides; with `module`, the class or function that stands in that module."""

    package: str | None
    module: str | None
    name: str
    version: str
    key: str
    settings: Mapping[str, Any]
    reads: Mapping[str, Mapping[str, Any]]
    job_id: str

    @staticmethod
    def of(call: ActionCall, job_id: str) -> SentCall:
        """The call. Raises UsageError for an action that no other process can load."""
        made, reads = call.call, {key: asdict(handle.stored) for key, handle in call.reads.items()}
        return SentCall(*_found_by(call.action), made.version, made.key, made.settings, reads, job_id)

    def to_json(self) -> str:
        """As `from_json` takes it."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False)

    @staticmethod
    def from_json(text: str) -> SentCall:
        """The call that was written."""
        return SentCall(**json.loads(text))

    @property
    def names(self) -> dict[str, str]:
        """What `action` finds the action by, for whoever has nothing else of the call."""
        named = {"action": self.name, "package": self.package, "module": self.module}
        return {kind: name for kind, name in named.items() if name}

    def opened(self, plugin: Path | None) -> ActionCall:
        """The call in this process, where its plugin lies in that folder. Raises UsageError for other code than was
        meant, and what loading it raises."""
        action = self.action(self.names, plugin)
        definition = stage_of(action)
        if (version := stage_version(definition)) != self.version:
            raise UsageError(
                f"Action {definition.name!r} is version {version} here and {self.version} where it was called from. "
                "Install the same versions of what it is made of on both sides."
            )
        config = definition.settings.model_validate_json(json.dumps(self.settings), by_alias=True, by_name=True)
        made = StageCall(definition, config, self.version, self.key)
        if made.settings != self.settings:
            problem = f"its settings are others when read from their own JSON: {made.settings} from {self.settings}"
            raise ContractError(f"Action {definition.name!r} cannot run in another process: {problem}.")
        return ActionCall(action, made, {key: ValueHandle(StoredValue(**value)) for key, value in self.reads.items()})

    @staticmethod
    def action(names: Mapping[str, str], plugin: Path | None) -> type[BaseAction[Any]]:
        """The action's class by the `names` of its call; `plugin` is the folder of the plugin that travels."""
        name = names["action"]
        if module := names.get("module"):
            return action_class(getattr(importlib.import_module(module), name))
        if package := names.get("package"):
            return action_class(name, _installed(package, name))
        if plugin is None:
            raise UsageError(f"Action {name!r} is of a plugin; give the plugin's folder as working_dir.", action=name)
        return action_class(name, PluginDiscovery.from_path(plugin))


def _found_by(action: type[BaseAction[Any]]) -> tuple[str | None, str | None, str]:
    """Package, module and name, as a call has them."""
    words = plugin_words(action)
    if words is None:
        return None, *_importable(action)
    return package_of(action.__module__, words.folder), None, words.action


def _installed(package: str, name: str) -> PluginDiscovery:
    try:
        return PluginDiscovery.from_module(package)
    except PluginError as error:
        missing = error.__cause__.name if isinstance(error.__cause__, ModuleNotFoundError) else None
        if missing is None or not f"{package}.".startswith(f"{missing}."):
            raise
        raise UsageError(
            f"Action {name!r} is of the package {package!r}, which {sys.executable} does not have. Install it there: "
            "an installed package is not sent.",
            action=name,
        ) from None


def _importable(action: type[BaseAction[Any]]) -> tuple[str, str]:
    module, name = action.__module__, action.__qualname__
    if module == "__main__" or "." in name:
        where = "in the script or notebook itself" if module == "__main__" else "inside a function or class"
        raise UsageError(
            f"Action {action.action_name!r} is defined {where}, where no other process finds it; put it into a module, "
            "or into a plugin."
        )
    return module, name
