"""An action of a plugin, wherever it is to run, by one word."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from flows.executors.local import LocalExecutor
from flows.executors.ray_actor import RayActorExecutor
from flows.executors.ray_job import RayJobExecutor
from flows.executors.task import run_as_task
from stages.core.context import Reporter
from stages.core.errors import UsageError
from stages.core.suggest import did_you_mean
from stages.plugins.action_stage import INPUT
from stages.plugins.discovery import PluginDiscovery
from stages.plugins.installed import find_plugin

Mode = Literal["local", "task", "actor", "job"]
MODES = ("local", "task", "actor", "job")


def run_plugin(
    plugin_code: str | Path,
    action: str,
    params: Any = None,
    mode: Mode = "local",
    *,
    input: Any = None,
    reporter: Reporter | None = None,
) -> Any:
    """Run an action of a plugin: its result, the same in every mode.

    plugin_code  the code of an installed plugin, or a plugin's folder
    mode         "local" in this process; "task" as the one stage of a Prefect flow, which runs where STAGEWRIGHT_RUNNER
                 says, and whose result is kept and found again; "actor" on a Ray actor; "job" as a Ray job of its own
    input        what the action reads: a value of its input type, or the address of one (a path, s3://…); as a task the
                 address
    reporter     who hears of progress, metrics and events while it runs, the same in every mode; as a task also of the
                 metrics of a result that was kept

    Raises PluginError, UsageError for what does not fit, before anything runs; what the action raises.
    """
    if mode not in MODES:
        raise UsageError(f"There is no mode {mode!r}{did_you_mean(mode, MODES)}", mode=mode)
    plugin = PluginDiscovery.of_installed(find_plugin(plugin_code))
    chosen = plugin.get_action_class(action)
    if mode == "task":
        return run_as_task(plugin, action, params, input, reporter)
    given = _value(plugin, action, input)
    if mode == "local":
        return LocalExecutor(reporter=reporter).execute(chosen, params, given)
    if mode == "job":
        return RayJobExecutor(working_dir=plugin.folder, reporter=reporter).execute(chosen, params, given)
    with RayActorExecutor(plugin.folder, reporter=reporter) as executor:
        return executor.execute(chosen, params, given)


def _value(plugin: PluginDiscovery, action: str, input: Any) -> Any:
    """The input itself, where its address is given."""
    kind = plugin.get_action_definition(action).read_types.get(INPUT)
    return kind.from_address(input) if kind is not None and isinstance(input, str) else input
