"""`stagewright plugin list`, `check`, `sync`, `schema`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flows.command.output import document_alone, print_json, say, table
from stages.core.errors import StagewrightError
from stages.core.registry import check_stage
from stages.documents.faults import Fault
from stages.plugins.check import check_plugin
from stages.plugins.config_sync import SyncReport, sync_config
from stages.plugins.discovery import PluginDiscovery
from stages.plugins.installed import InstalledPlugin, find_plugin, find_plugins

NONE = "There are no plugins. Name a folder of one, or of several, in STAGEWRIGHT_PLUGINS."


def show_plugins(as_json: bool) -> int:
    """The installed plugins, checked without running them. What is wrong with one is told beside the table."""
    found = [(plugin, list(_faults(plugin, imports=False))) for plugin in find_plugins()]
    if as_json:
        print_json({"plugins": [_as_json(plugin, faults) for plugin, faults in found]})
        return 0
    table(("plugin", "version", "category", "actions", "state", "folder"), [_row(*one) for one in found])
    for fault in (fault for _, faults in found for fault in faults):
        say(f"{fault.severity}: {fault}")
    if not found:
        say(NONE)
    return 0


def check_plugins(plugin: str | None, imports: bool, as_json: bool) -> int:
    """Every fault of one plugin, or of all that are installed; 2 where one is an error."""
    chosen = [find_plugin(plugin)] if plugin is not None else find_plugins()
    found = [(one, list(_faults(one, imports))) for one in chosen]
    if as_json:
        print_json({"plugins": [_as_json(*one) for one in found]})
    else:
        for one, faults in found:
            for fault in faults:
                say(f"{fault.severity}: {fault}")
            print(_verdict(one, faults), flush=True)
        if not found:
            say(NONE)
    return 2 if any(_errors(faults) for _, faults in found) else 0


def sync_plugin(folder: str, dry_run: bool, as_json: bool) -> int:
    """Bring a config up to its code, and tell what that meant."""
    report = sync_config(Path(folder), dry_run=dry_run)
    if as_json:
        print_json(_report_json(report))
        return 0
    for fault in report.faults:
        say(f"{fault.severity}: {fault}")
    would = "would be " if dry_run else ""
    for line in (
        *(f"{would}added: {name}" for name in report.added),
        *(f"{would}mended: {name}" for name in report.mended),
    ):
        say(line)
    for name in report.without_code:
        say(f"warning: {name}: no code of this action is there; remove it from config.yaml if it is gone for good")
    if not report.changed:
        say("config.yaml is up to date.")
    return 0


def show_form(plugin: str, action: str, json_schema: bool) -> int:
    """The form of an action's parameters on standard output."""
    found = PluginDiscovery.of_installed(find_plugin(plugin))
    with document_alone():
        schema = found.get_action_json_schema(action) if json_schema else found.get_action_ui_schema(action)
        print_json(schema)
    return 0


def _faults(plugin: InstalledPlugin, imports: bool) -> Iterator[Fault]:
    further = check_plugin(plugin.folder) if plugin.folder.is_dir() else []
    faults = list(dict.fromkeys([*plugin.faults, *further]))
    yield from faults
    if imports and not _errors(faults):
        discovery = PluginDiscovery.of_installed(plugin)
        for action in discovery.list_actions():
            try:
                check_stage(discovery.get_action_definition(action))
            except StagewrightError as error:
                yield Fault(str(error), None, f"actions.{action}", str(plugin.folder / "config.yaml"))


def _verdict(plugin: InstalledPlugin, faults: list[Fault]) -> str:
    if errors := _errors(faults):
        return f"{plugin.name}: {_faults_of(errors)}."
    actions = plugin.config.actions if plugin.config else {}
    return f"{plugin.name}: can be used; {len(actions)} action{'s' if len(actions) != 1 else ''}."


def _faults_of(number: int) -> str:
    return f"{number} fault{'s' if number != 1 else ''}"


def _errors(faults: list[Fault]) -> int:
    return sum(fault.severity == "error" for fault in faults)


def _row(plugin: InstalledPlugin, faults: list[Fault]) -> tuple[str, ...]:
    errors = _errors(faults)
    state = _faults_of(errors) if errors else "ready"
    if plugin.config is None:
        return plugin.name, "", "", "", state, str(plugin.folder)
    config = plugin.config
    return config.code, config.version, config.category.value, ", ".join(config.actions), state, str(plugin.folder)


def _as_json(plugin: InstalledPlugin, faults: list[Fault]) -> dict[str, Any]:
    return {
        "code": plugin.name,
        "folder": str(plugin.folder),
        "origin": plugin.origin,
        "ready": not _errors(faults),
        "config": plugin.config.model_dump(mode="json") if plugin.config else None,
        "faults": [fault.to_json() for fault in faults],
    }


def _report_json(report: SyncReport) -> dict[str, Any]:
    keys = ("added", "mended", "without_code")
    faults = [fault.to_json() for fault in report.faults]
    return {**{key: list(getattr(report, key)) for key in keys}, "changed": report.changed, "faults": faults}
