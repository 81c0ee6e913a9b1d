"""A call of an action as it travels to another process: names, settings and digests, as JSON; its code goes apart."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flows.executors.calls import ActionCall, action_class
from stages.core.errors import ContractError, UsageError
from stages.core.execute import StageCall
from stages.core.results import ValueHandle
from stages.core.stage_version import stage_version
from stages.core.values import StoredValue
from stages.plugins.action import BaseAction
from stages.plugins.action_stage import plugin_words, stage_of
from stages.plugins.discovery import PluginDiscovery


@dataclass(frozen=True)
class SentCall:
    """One call. `module` is None for an action of the plugin that travels with it, and `name` then its name there; else
    it is the importable module in which the class or function `name` stands."""

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
        words, made = plugin_words(call.action), call.call
        reads = {key: asdict(handle.stored) for key, handle in call.reads.items()}
        module, name = (None, words.action) if words else _importable(call.action)
        return SentCall(module, name, made.version, made.key, made.settings, reads, job_id)

    def to_json(self) -> str:
        """As `from_json` takes it."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False)

    @staticmethod
    def from_json(text: str) -> SentCall:
        """The call that was written."""
        return SentCall(**json.loads(text))

    def opened(self, plugin: Path | None) -> ActionCall:
        """The call in this process, where its plugin lies in that folder. Raises UsageError for other code than was
        meant, and what loading it raises."""
        action = self.action(self.module, self.name, plugin)
        definition = stage_of(action)
        if (version := stage_version(definition)) != self.version:
            raise UsageError(
                f"Action {definition.name!r} is version {version} here and {self.version} where it was called from. "
                "Install the same versions of what it is made of on both sides."
            )
        config = definition.settings.model_validate_json(json.dumps(self.settings))
        made = StageCall(definition, config, self.version, self.key)
        if made.settings != self.settings:
            problem = f"its settings are others when read from their own JSON: {made.settings} from {self.settings}"
            raise ContractError(f"Action {definition.name!r} cannot run in another process: {problem}.")
        return ActionCall(action, made, {key: ValueHandle(StoredValue(**value)) for key, value in self.reads.items()})

    @staticmethod
    def action(module: str | None, name: str, plugin: Path | None) -> type[BaseAction[Any]]:
        """The action's class, where its plugin lies in that folder."""
        if module is None and plugin is None:
            raise UsageError(f"Action {name!r} is of a plugin; give the plugin's folder as working_dir.", action=name)
        if module is None:
            return action_class(name, PluginDiscovery.from_path(plugin or ""))
        return action_class(getattr(importlib.import_module(module), name))


def _importable(action: type[BaseAction[Any]]) -> tuple[str, str]:
    module, name = action.__module__, action.__qualname__
    if module == "__main__" or "." in name:
        where = "in the script or notebook itself" if module == "__main__" else "inside a function or class"
        raise UsageError(
            f"Action {action.action_name!r} is defined {where}, where no other process finds it; put it into a module, "
            "or into a plugin."
        )
    return module, name
