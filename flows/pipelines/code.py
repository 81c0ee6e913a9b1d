"""How other processes come by the code of a pipeline's actions."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from flows.pipelines.members import Member, class_of
from flows.pipelines.ordered import Ordered
from stages.core.definition import StageDefinition
from stages.core.discovery import load_stages
from stages.core.errors import UnknownStage, UsageError
from stages.core.registry import get_stage
from stages.plugins.action import BaseAction
from stages.plugins.config_file import CONFIG_FILE
from stages.plugins.discovery import PluginDiscovery
from stages.plugins.installed import find_plugins


def modules_of(members: Sequence[Member]) -> tuple[str, ...]:
    """The modules that bring the actions that no plugin brings. Raises UsageError for those that cannot be imported:
    of the script or notebook itself, or made inside a function."""
    return tuple(dict.fromkeys(_module(member) for member in members if member.plugin is None))


def plugin_folders(members: Sequence[Member], working_dir: Path | None) -> tuple[str, ...]:
    """Folders of plugins that are not known on this machine anyway, by the environment or as installed packages."""
    known = {plugin.folder.resolve() for plugin in find_plugins()}
    places = _plugins_in(working_dir) if working_dir else iter(())
    wanted = dict.fromkeys([*places, *(member.plugin.resolve() for member in members if member.plugin)])
    return tuple(str(folder) for folder in wanted if folder not in known)


def action_of(stage: str, ordered: Ordered) -> type[BaseAction[Any]]:
    """An action of a run that was submitted, perhaps by another process. Raises UsageError where its code is not."""
    load_stages(ordered.modules)
    try:
        definition = get_stage(stage)
    except UnknownStage as error:
        definition = _in_plugins(stage, ordered.plugins, error)
    action = class_of(definition)
    if action is None:
        raise UsageError(f"{stage!r} is no action here, and was one where run {ordered.run_id} was submitted.")
    return action


def _in_plugins(stage: str, folders: Sequence[str], unknown: UnknownStage) -> StageDefinition:
    code, _, name = stage.rpartition(".")
    for folder in (folder for folder in folders if Path(folder, CONFIG_FILE).is_file()):
        plugin = PluginDiscovery.from_path(folder)
        if plugin.config.code == code:
            return plugin.get_action_definition(name)
    problem = f"The run is there, but not the code of its last action, which is needed to read what it gave: {unknown}"
    raise UsageError(problem, stage=stage) from unknown


def _plugins_in(folder: Path) -> Iterator[Path]:
    """The folder, if it is a plugin, else those in it."""
    found = [folder] if (folder / CONFIG_FILE).is_file() else sorted(folder.iterdir())
    yield from (place.resolve() for place in found if (place / CONFIG_FILE).is_file())


def _module(member: Member) -> str:
    action = member.action
    found = getattr(sys.modules.get(action.__module__), action.__name__, None)
    is_script = action.__module__ == "__main__"
    if is_script or getattr(found, "action_class", found) is not action:
        where = "in the script or notebook itself" if is_script else "inside a function"
        raise UsageError(
            f"Action {member.id!r} ({action.__qualname__}) is defined {where}, which no other process can import; put "
            "it at the top of a module of its own, or run the pipeline with LocalExecutor.",
            stage=member.id,
        )
    return str(action.__module__)
