"""Plugins: stages that others bring, as a folder with a `config.yaml` and code, found without importing it."""

from stages.core.environment import PluginEnvironment
from stages.core.errors import PluginError
from stages.plugins.action import BaseAction, NoParams, NoResult
from stages.plugins.action_function import action
from stages.plugins.categories import PackageManager, PluginCategory, RunMethod
from stages.plugins.config import ActionConfig, PluginConfig
from stages.plugins.discovery import PluginDiscovery
from stages.plugins.installed import InstalledPlugin, find_plugins

__all__ = [
    "ActionConfig",
    "BaseAction",
    "InstalledPlugin",
    "NoParams",
    "NoResult",
    "PackageManager",
    "PluginCategory",
    "PluginConfig",
    "PluginDiscovery",
    "PluginEnvironment",
    "PluginError",
    "RunMethod",
    "action",
    "find_plugins",
]
