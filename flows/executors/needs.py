"""What a plugin needs on the machine that runs it, as Ray's runtime_env says it: packages, by the plugin's own package
manager, and what its config says for Ray."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.core.errors import UsageError
from stages.documents.text_file import is_file
from stages.plugins.categories import PackageManager
from stages.plugins.config import PluginConfig
from stages.plugins.discovery import PluginDiscovery

REQUIREMENTS = "requirements.txt"
_OPTIONS = {PackageManager.PIP: "pip_install_options", PackageManager.UV: "uv_pip_install_options"}


def runtime_env_of(
    plugin: PluginDiscovery | None, given: Mapping[str, Any] | None = None, folder: str | None = None
) -> dict[str, Any]:
    """The runtime_env for a plugin's processes: its packages, its config's `runtime_env`, and above both `given`.

    `folder` is where the plugin lies when Ray installs the packages, its own folder by default. Nothing where nothing
    is needed: an empty one costs no time.
    """
    made = dict(given or {})
    if plugin is None:
        return made
    config = plugin.config
    _refuse_both(config, made)
    whole = _packages(plugin, folder or str(plugin.folder)) | dict(config.runtime_env) | made
    variables = {**config.runtime_env.get("env_vars", {}), **made.get("env_vars", {})}
    return whole | ({"env_vars": {name: str(value) for name, value in variables.items()}} if variables else {})


def requirements_of(folder: Path) -> list[str]:
    """The lines of a plugin's requirements.txt that name something. Raises UsageError for what Ray takes none of."""
    file = folder / REQUIREMENTS
    if not is_file(file):
        return []
    lines = [line.partition(" #")[0].strip() for line in file.read_text(encoding="utf-8").splitlines()]
    named = [line for line in lines if line and not line.startswith("#")]
    if option := next((line for line in named if line.startswith("-")), None):
        raise UsageError(
            f"{file}: {option!r} is an option, not a package; options belong into `package_manager_options` of "
            "config.yaml.",
            file=str(file),
        )
    return named


def _packages(plugin: PluginDiscovery, folder: str) -> dict[str, Any]:
    config, packages = plugin.config, requirements_of(plugin.folder)
    if not packages:
        return {}
    if any((plugin.folder / config.wheels_dir).glob("*.whl")):
        packages.insert(0, f"--find-links {folder}/{config.wheels_dir}")  # there variables are read, in options not
    manager, options = config.package_manager, list(config.package_manager_options)
    return {manager.value: {"packages": packages, **({_OPTIONS[manager]: options} if options else {})}}


def _refuse_both(config: PluginConfig, given: Mapping[str, Any]) -> None:
    managers = {"pip", "uv", "conda"} & {*given, *config.runtime_env}
    if len(managers) > 1:
        raise UsageError(f"Plugin {config.code!r}: runtime_env names {' and '.join(sorted(managers))}; Ray takes one.")
