"""An action as the one stage of a flow: kept, found again, and seen in Prefect."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flows.connections import connections, open_blobs, point_prefect_at
from flows.executors.calls import result_of
from flows.executors.told import Listening
from flows.jobs.board import Board, StageStatus, hearing, watching
from flows.profiles.model import Profile, StageEntry
from flows.settings import read_settings
from stages.core.checkpoints import Checkpoints
from stages.core.context import Reporter
from stages.core.errors import StagewrightError, UsageError
from stages.core.registry import register_stage
from stages.plugins.action_stage import INPUT
from stages.plugins.discovery import PluginDiscovery
from stages.plugins.installed import VARIABLE
from stages.plugins.parameters import checked_params


def run_as_task(
    plugin: PluginDiscovery, action: str, params: Any, input: Any = None, reporter: Reporter | None = None
) -> Any:
    """Run it where STAGEWRIGHT_RUNNER says. `input` is an address; `reporter` hears what the action says, of a result
    that is kept its metrics. Raises UsageError for what does not fit, before anything runs; ServiceUnreachable where
    there is no store or no Prefect server; what the action raises."""
    profile = profile_of(plugin, action, params, input)
    settings = read_settings()
    point_prefect_at(connections(settings).prefect_api_url)
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    from flows.assemble import assemble

    # The heartbeat makes a run wait a second at its end; a run whose process vanished is found without it.
    calm = temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})
    with _known(plugin, action), _heard(action, reporter), calm:
        manifest = assemble(profile)(**({INPUT: input} if profile.inputs else {}))
    blobs = open_blobs(settings)
    envelope = Checkpoints(blobs).find(manifest["stages"][0]["key"])
    if envelope is None:
        raise StagewrightError(f"The result of job {manifest['job_id']} is gone from the store; run again.")
    return result_of(plugin.get_action_class(action), envelope, blobs)


def profile_of(plugin: PluginDiscovery, action: str, params: Any, input: Any) -> Profile:
    """The profile of that one stage. Raises UsageError for parameters and an input that do not fit."""
    definition, chosen = plugin.get_action_definition(action), plugin.get_action_class(action)
    given = checked_params(chosen.action_name, chosen.params_model, params)
    kind = definition.read_types.get(INPUT)
    if (kind is None) != (input is None):
        told = f"reads a {kind.name}: give its address as `input`" if kind else "reads nothing, and was given an input"
        raise UsageError(f"Action {definition.name!r} {told}.", stage=definition.name)
    if input is not None and not isinstance(input, str):
        problem = f"Action {definition.name!r}: as a task its input is an address (a path, s3://…)"
        raise UsageError(f"{problem}; it is a {type(input).__name__}.", stage=definition.name)
    entry = StageEntry(action, definition.name, config=given.model_dump(mode="json"))
    inputs: Mapping[str, str] = {INPUT: kind.name} if kind else {}
    return Profile(f"{plugin.config.code}-{action}".replace("_", "-"), (entry,), definition.label, inputs=inputs)


@contextmanager
def _heard(action: str, reporter: Reporter | None) -> Iterator[None]:
    """Meanwhile the reporter hears what stages say; what they log, the process's own logger."""
    listening = Listening(action, reporter)

    def kept(board: Board, stage: StageStatus) -> None:
        if stage.status == "kept" and stage.result:
            for category, figures in stage.result.envelope.metrics.items():
                listening.metrics(figures, category)

    with watching(kept), hearing(listening, listening.logger):
        yield


@contextmanager
def _known(plugin: PluginDiscovery, action: str) -> Iterator[None]:
    """Its stage is known, and meanwhile the plugin is one of those that are installed, also for processes that the run
    starts. Another action of the plugin may not even load."""
    register_stage(plugin.get_action_definition(action))
    before = os.environ.get(VARIABLE)
    folders = [part for part in (before or "").split(",") if part]
    os.environ[VARIABLE] = ",".join(dict.fromkeys([*folders, str(Path(plugin.folder).resolve())]))
    try:
        yield
    finally:
        os.environ.pop(VARIABLE)
        if before is not None:
            os.environ[VARIABLE] = before
