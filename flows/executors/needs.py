"""What the processes of an executor need: what its plugin does, where it has one, and what the executor was given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stages.plugins import needs
from stages.plugins.discovery import PluginDiscovery


def runtime_env_of(
    plugin: PluginDiscovery | None, given: Mapping[str, Any] | None = None, folder: str | None = None
) -> dict[str, Any]:
    """The runtime_env; `folder` is where the plugin lies when Ray installs its packages, its own folder by default."""
    if plugin is None:
        return dict(given or {})
    wheels = f"{folder}/{plugin.config.wheels_dir}" if folder else None
    return needs.runtime_env_of(plugin.config, plugin.folder, given, wheels)
