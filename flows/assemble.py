"""A profile becomes a Prefect flow."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, cast

from prefect import Flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.runtime import flow_run
from prefect.states import Cancelled

from flows.connections import open_blobs
from flows.graph.check import examine
from flows.graph.plan import Plan
from flows.graph.planning import plan_profile
from flows.jobs.job import check_job_id, new_job_id, open_job
from flows.jobs.listings import with_listings
from flows.jobs.results import StageSerializer
from flows.jobs.run_plan import run_plan
from flows.jobs.runners import place_for, task_runner
from flows.jobs.running import mark_running, unmark
from flows.jobs.storage import saved_storage
from flows.parameters import Parameters, parameters
from flows.profiles.model import Profile
from flows.settings import read_settings
from stages.core.errors import JobStopped

JobFlow = Flow[..., dict[str, Any]]


def assemble(profile: Profile, runner: str | None = None) -> JobFlow:
    """The flow of a profile. Raises ProfileError with all its faults.

    Its parameters are the profile's inputs, one model of settings for each entry, `refresh`, `enabled`, `job_id` and
    `label`. Called, it runs the profile and gives the job's manifest, or raises the first failed stage's error.
    `runner` is where stages run (threads, ray, an address), by default as STAGEWRIGHT_RUNNER says when this is called.
    """
    plan_profile(profile)
    function = _signed(_run_of(profile), profile, parameters(examine(profile)))
    return Flow(
        function,
        name=profile.name,
        description=function.__doc__,
        flow_run_name=_flow_run_name,
        task_runner=task_runner(runner or read_settings().runner),
        persist_result=False,
        result_serializer=StageSerializer(),  # of an error, which Prefect persists all the same
        validate_parameters=True,
        on_completion=[_has_ended],
        on_failure=[_has_ended],
    )


def plan_of(profile: Profile, given: Mapping[str, Any]) -> Plan:
    """The plan of a run with these parameters, as the flow has checked them. Raises ProfileError with every fault."""
    enabled = given["enabled"].model_dump()
    settings = {entry.id: given[entry.id] for entry in profile.stages if entry.id in given and enabled[entry.id]}
    return plan_profile(profile, enabled=enabled, settings=settings)


def _run_of(profile: Profile) -> Callable[..., dict[str, Any]]:
    def run(**given: Any) -> dict[str, Any]:
        plan = plan_of(profile, given)
        addresses = {key: given[key] for key in profile.inputs}
        job_id = given["job_id"] or flow_run.get_name() or new_job_id(profile.name)
        own, flow_run_id = read_settings(), str(flow_run.get_id())
        mark_running(own, flow_run_id, check_job_id(job_id))
        blobs = open_blobs(own)
        job = open_job(with_listings(plan), job_id, addresses, own, blobs, place_for, given["label"])
        job.board.flow_run_id = flow_run_id
        refreshed = {stage.id for stage in plan.stages} if "all" in given["refresh"] else set(given["refresh"])
        try:
            return run_plan(job, saved_storage(), refreshed)
        except JobStopped as stopped:
            if not job.cancelled:
                raise
            # a state, which Prefect takes for the run's own
            return cast(dict[str, Any], Cancelled(message=str(stopped)))

    return run


def _signed(run: Callable[..., Any], profile: Profile, made: Parameters) -> Callable[..., dict[str, Any]]:
    """The function, dressed so that Prefect sees the parameters and finds it again as `flows.catalog.<name>`."""
    run.__name__ = run.__qualname__ = profile.name.replace("-", "_")
    run.__module__ = "flows.catalog"
    run.__doc__ = profile.description or profile.label
    ordered = sorted(made.items(), key=lambda item: item[1][1] is not inspect.Parameter.empty)
    shown = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        for name, (kind, default) in ordered
    ]
    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]  # Prefect reads it off the function
    run.__annotations__ = {name: kind for name, (kind, _) in ordered}
    return run


def _has_ended(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """A run that crashed keeps its mark: some of its tasks may still be open."""
    unmark(read_settings(), str(flow_run.id))


def _flow_run_name() -> str:
    """The run is called by its job, which takes its name from here unless one was given."""
    return flow_run.parameters.get("job_id") or new_job_id(flow_run.flow_name or "job")
