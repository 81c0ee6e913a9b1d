"""What a plugin needs on the machine that runs it: its packages, and what its config says for Ray, as a runtime_env."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from stages.core.definition import StageDefinition
from stages.core.errors import UsageError
from stages.documents.text_file import is_file
from stages.plugins.action_stage import PluginWords, plugin_words
from stages.plugins.categories import PackageManager
from stages.plugins.config import PluginConfig

REQUIREMENTS = "requirements.txt"
_OPTIONS = {PackageManager.PIP: "pip_install_options", PackageManager.UV: "uv_pip_install_options"}
_ONE_OF = ("pip", "uv", "conda")


def runtime_env_of(
    config: PluginConfig, folder: Path, given: Mapping[str, Any] | None = None, wheels: str | None = None
) -> dict[str, Any]:
    """The runtime_env for a plugin's processes: its packages, its config's `runtime_env`, and above both `given`.

    `wheels` is where its wheels lie when Ray installs the packages, by default in `folder`, its own. Nothing where
    nothing is needed: an empty one costs no time. Raises UsageError for what Ray takes none of.
    """
    own, above = dict(config.runtime_env), dict(given or {})
    whole = _packages(config, folder, wheels or str(folder / config.wheels_dir)) | own | above
    _refuse_several(config, whole)
    variables = {**own.get("env_vars", {}), **above.get("env_vars", {})}
    return whole | ({"env_vars": {name: str(value) for name, value in variables.items()}} if variables else {})


def requirements_of(folder: Path) -> list[str]:
    """The lines of a plugin's requirements.txt that name something. Raises UsageError for what Ray takes none of."""
    named = _lines(folder)
    if option := next((line for line in named if line.startswith("-")), None):
        file = folder / REQUIREMENTS
        raise UsageError(
            f"{file}: {option!r} is an option, not a package; options belong into `package_manager_options` of "
            "config.yaml.",
            file=str(file),
        )
    return named


def wheels_of(config: PluginConfig, folder: Path) -> list[Path]:
    """The wheels that a plugin brings, where it requires something."""
    return sorted((folder / config.wheels_dir).glob("*.whl")) if _lines(folder) else []


def lacking(folder: Path) -> list[str]:
    """What a plugin requires and this process does not have, as its requirements.txt says it; only what is named by
    name and version is looked up."""
    return [line for line in _lines(folder) if _is_lacking(line)]


def words_of(definition: StageDefinition) -> PluginWords | None:
    """What the plugin said of a stage that came by one."""
    action = getattr(definition.code, "action_class", definition.code)
    return plugin_words(action) if isinstance(action, type) else None


def _lines(folder: Path) -> list[str]:
    file = folder / REQUIREMENTS
    if not is_file(file):
        return []
    lines = [line.partition(" #")[0].strip() for line in file.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _is_lacking(line: str) -> bool:
    try:
        wanted = Requirement(line)
    except InvalidRequirement:  # an option, a path, an address
        return False
    if wanted.marker is not None and not wanted.marker.evaluate():
        return False
    try:
        return not wanted.specifier.contains(version(wanted.name), prereleases=True)
    except PackageNotFoundError:
        return True


def _packages(config: PluginConfig, folder: Path, wheels: str) -> dict[str, Any]:
    packages = requirements_of(folder)
    if not packages:
        return {}
    if found := wheels_of(config, folder):
        # variables are read in here, in options they are not; and Ray knows what it has installed by this text alone
        packages = [f"--find-links {wheels}", f"# {_digest(found)}", *packages]
    manager, options = config.package_manager, list(config.package_manager_options)
    return {manager.value: {"packages": packages, **({_OPTIONS[manager]: options} if options else {})}}


def _digest(files: list[Path]) -> str:
    told = (f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _refuse_several(config: PluginConfig, runtime_env: Mapping[str, Any]) -> None:
    managers = [name for name in _ONE_OF if name in runtime_env]
    if len(managers) > 1:
        raise UsageError(
            f"Plugin {config.code!r}: {' and '.join(sorted(managers))} are both to install packages, by its "
            f"requirements.txt and package_manager, or by runtime_env; Ray takes one.",
            plugin=config.code,
        )
