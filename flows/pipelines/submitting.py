"""`RayPipelineExecutor`: pipelines that run as their profile's flow, in a process of their own, on Ray."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.connections import connections, known_server, open_blobs, point_prefect_at
from flows.executors import CallTimeout
from flows.jobs.job import absolute, new_job_id
from flows.pipelines import started
from flows.pipelines.as_profile import as_yaml
from flows.pipelines.code import modules_of, plugin_folders
from flows.pipelines.executor import PipelineExecutor
from flows.pipelines.ordered import Ordered, find, keep
from flows.pipelines.parameters import Given
from flows.pipelines.progress import PipelineProgress
from flows.places.names import check_runner
from flows.settings import Settings, read_settings, variable
from stages.core.errors import InputError, ServiceUnreachable, UsageError

if TYPE_CHECKING:
    from flows.pipelines.pipeline import ActionPipeline
    from flows.pipelines.watching import RunWatch

_PATIENCE_S = 5.0

_QUIET = {
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}


class RayPipelineExecutor(PipelineExecutor):
    """Runs pipelines on a Ray cluster, seen and steered by the Prefect server.

    ray_address            `auto`, `HOST:PORT`, `ray` (the Ray of this machine) or `threads` (no Ray at all); by default
                           as STAGEWRIGHT_RUNNER says
    working_dir            a plugin's folder, or one that holds plugins; those of STAGEWRIGHT_PLUGINS are there anyway
    pipeline_service_url   the API of the Prefect server, by default that of PREFECT_API_URL or of this machine

    A run can be asked about, waited for and cancelled from every process that uses the same server and store.
    """

    def __init__(
        self,
        ray_address: str | None = None,
        working_dir: str | Path | None = None,
        pipeline_service_url: str | None = None,
    ) -> None:
        """Raises UsageError for an address that is none, and for a folder that is not there."""
        if ray_address is not None:
            check_runner(ray_address)
        if working_dir is not None and not Path(working_dir).is_dir():
            raise UsageError(f"working_dir is {str(working_dir)!r}, and no folder; name that of a plugin.")
        self.ray_address = ray_address
        self.working_dir = Path(working_dir).absolute() if working_dir is not None else None
        self.pipeline_service_url = pipeline_service_url
        self._watches: dict[str, RunWatch] = {}

    def submit(self, pipeline: ActionPipeline, params: Given = None, input: str | Path | None = None) -> str:
        """Start a run in a process of its own, and give its id: that of the job that it is.

        Raises ProfileError for parameters that do not fit, InputError for an input that is not there, UsageError for
        actions that no other process can import, ServiceUnreachable without a store or a server.
        """
        plan, settings = pipeline.plan(params), read_settings()
        url = self._service(settings)
        _answers(url)
        ordered = Ordered(
            run_id=new_job_id(plan.profile.name),
            profile=as_yaml(plan.profile),
            inputs=_inputs(plan.profile.inputs, input),
            runner=self.ray_address or settings.runner,
            modules=modules_of(pipeline.members),
            plugins=plugin_folders(pipeline.members, self.working_dir),
        )
        ordered.read_profile()  # what cannot be written as a profile is told here
        keep(ordered, open_blobs(settings).store)
        started.start(ordered, settings, _environment(ordered, settings, url))
        return ordered.run_id

    def wait(self, run_id: str, timeout_seconds: float | None = None) -> Any:
        """The result of the last action, once it is there.

        Raises what the run failed by, JobStopped where it was cancelled, WorkerLost where its process vanished;
        CallTimeout (a TimeoutError) when the time is over, and the run goes on.
        """
        watch = self._watch(run_id)
        end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        pause = 0.2
        while watch.look() in ("waiting", "running"):
            if end is not None and time.monotonic() >= end:
                problem = (
                    f"Run {run_id} has not ended within {timeout_seconds:g} s. It goes on; cancel({run_id!r}) ends it."
                )
                raise CallTimeout(problem, job_id=run_id)
            time.sleep(pause)
            pause = min(1.0, pause * 1.2)
        return watch.result()

    def get_progress(self, run_id: str) -> PipelineProgress:
        """How far the run and each of its actions is. Raises UsageError for an unknown run."""
        return self._watch(run_id).progress()

    def get_logs(self, run_id: str) -> str:
        """The log of the run so far. Where Prefect knows nothing of it, what its process printed on this machine."""
        return self._watch(run_id).log()

    def cancel(self, run_id: str) -> bool:
        """Have the run end early, which takes some seconds; False where it had ended already."""
        return self._watch(run_id).cancel()

    def _watch(self, run_id: str) -> RunWatch:
        """Remembered, since who shows a run asks each second, and what was ordered does not change."""
        if run_id not in self._watches:
            settings = read_settings()
            blobs, url = open_blobs(settings), self._service(settings)
            ordered = find(run_id, blobs.store)
            from flows.pipelines.watching import RunWatch  # only now: Prefect takes a second to import

            self._watches[run_id] = RunWatch(ordered, settings, blobs, url)
        return self._watches[run_id]

    def _service(self, settings: Settings) -> str:
        url = self.pipeline_service_url or known_server(settings)
        if url is None:
            connections(settings)  # says what is missing, and what to do
            raise ServiceUnreachable("No pipeline service: set PREFECT_API_URL, or start one with `stagewright up`.")
        if os.environ.get("PREFECT_API_URL") in (None, "", url):
            point_prefect_at(url)
        return url


def _answers(url: str) -> None:
    """Raise ServiceUnreachable where nobody answers: the run would be known to nobody."""
    import httpx

    try:
        httpx.get(f"{url}/health", timeout=_PATIENCE_S)
    except httpx.HTTPError as error:
        problem = f"The pipeline service, the Prefect server at {url}, does not answer"
        how = "`stagewright status` shows what can be reached."
        raise ServiceUnreachable(f"{problem} ({type(error).__name__}: {error}). {how}") from error


def _inputs(wanted: Mapping[str, str], given: str | Path | None) -> dict[str, str]:
    """The input by its address. Raises UsageError for a value, InputError for a path at which nothing is."""
    if not wanted:
        return {}
    [key] = wanted
    if not isinstance(given, str | Path):
        kind = type(given).__name__
        raise UsageError(f"A pipeline that is submitted is given its input by its address, not as a {kind}.")
    if "://" not in str(given) and not Path(given).exists():
        raise InputError(f"The input {given} is not there: no such file. Check the path.", uri=str(given))
    return {key: absolute(str(given))}


def _environment(ordered: Ordered, settings: Settings, url: str) -> dict[str, str]:
    """That of this process, with what the run needs besides."""
    plugins = dict.fromkeys([*ordered.plugins, *settings.plugins])
    modules = dict.fromkeys([*settings.stage_modules, *ordered.modules])
    named = {variable("plugins"): ",".join(plugins), variable("stage_modules"): ",".join(modules)}
    return {**_QUIET, **os.environ, **named, "PREFECT_API_URL": url}
