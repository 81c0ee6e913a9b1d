"""A profile becomes a Prefect flow: its parameters are the inputs, and one typed model of settings for each stage."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import Annotated, Any

from prefect import Flow
from prefect.runtime import flow_run
from prefect.task_runners import TaskRunner
from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from flows.graph.plan import Plan, PlannedStage
from flows.graph.planning import plan_profile
from flows.jobs.job import new_job_id, open_job
from flows.jobs.results import open_blobs
from flows.jobs.run_plan import run_plan
from flows.jobs.runners import task_runner
from flows.jobs.storage import saved_storage
from flows.profiles.model import Profile
from flows.settings import read_settings


def assemble(profile: Profile, runner: str | None = None) -> Flow[..., dict[str, Any]]:
    """The flow of a profile. Raises ProfileError with all its faults.

    Called, it runs the profile and gives the job's manifest, or raises the first failed stage's error. `runner` is
    where stages run (threads, ray, an address); by default what STAGEWRIGHT_RUNNER says when this is called.
    """
    plan = plan_profile(profile, enabled={entry.id: True for entry in profile.stages})
    return _as_flow(
        profile, _run_of(profile), _parameters(profile, plan), task_runner(runner or read_settings().runner)
    )


def _run_of(profile: Profile) -> Any:
    ids = [entry.id for entry in profile.stages]

    def run(**given: Any) -> dict[str, Any]:
        settings = read_settings()
        enabled = given["enabled"].model_dump()
        plan = plan_profile(profile, enabled=enabled, settings={id: given[id] for id in ids if enabled[id]})
        blobs = open_blobs()
        addresses = {key: given[key] for key in profile.inputs}
        job = open_job(
            plan, given["job_id"] or flow_run.get_name() or new_job_id(profile.name), addresses, settings, blobs
        )
        job.board.flow_run_id = flow_run.get_id()
        return run_plan(job, saved_storage(), _refreshed(plan, given["refresh"]))

    return run


def _refreshed(plan: Plan, asked: list[str]) -> set[str]:
    return {stage.id for stage in plan.stages} if "all" in asked else set(asked)


def _parameters(profile: Profile, plan: Plan) -> dict[str, tuple[Any, Any]]:
    """Name -> (type, default) of the flow's parameters, as the form shows them."""
    made: dict[str, tuple[Any, Any]] = dict.fromkeys(profile.inputs, (str, inspect.Parameter.empty))
    for stage in plan.stages:
        model = settings_model(profile.name, stage)
        made[stage.id] = (model, _default(model))
    made["refresh"] = (list[str], Field([], description="Stages to run again though they are kept; 'all' for all"))
    switches = {e.id: (bool, Field(e.enabled, description=f"Run the stage {e.id}")) for e in profile.stages}
    enabled = create_model("Enabled", __config__=ConfigDict(extra="forbid"), **switches)  # type: ignore[call-overload]
    made["enabled"] = (enabled, enabled())
    made["job_id"] = (str | None, Field(None, description="Name of the job; made of time and profile if empty"))
    return made


def settings_model(profile: str, stage: PlannedStage) -> type[BaseModel]:
    """The settings of a stage with the profile's values as defaults.

    A model of its own, since Prefect merges parameters only at the top: fields that a caller leaves out fall to the
    defaults of the class. Bounds are told in the description as well: the form does not show them.
    """
    base, values = stage.definition.settings, stage.config
    fields = {
        name: (_annotation(info), _with_default(info, getattr(values, name)))
        for name, info in base.model_fields.items()
    }
    name = "".join(part.capitalize() for part in f"{profile}-{stage.id}".replace("_", "-").split("-"))
    config = ConfigDict(extra="forbid", frozen=True, title=stage.definition.label)
    made: type[BaseModel] = create_model(name, __base__=base, __doc__=stage.definition.description, **fields)  # type: ignore[call-overload]
    made.model_config = {**base.model_config, **config}
    return made


def _annotation(info: FieldInfo) -> Any:
    return Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation


def _with_default(info: FieldInfo, value: Any) -> FieldInfo:
    changed = copy.copy(info)
    changed.default, changed.default_factory = value, None
    bounds = [str(rule) for rule in info.metadata if type(rule).__name__ in ("Ge", "Gt", "Le", "Lt")]
    if bounds:
        changed.description = f"{info.description or ''} ({_told(info)})".strip()
    return changed


def _told(info: FieldInfo) -> str:
    words = {"Ge": ("ge", "at least"), "Gt": ("gt", "more than"), "Le": ("le", "at most"), "Lt": ("lt", "less than")}
    found = [(words[kind], rule) for rule in info.metadata if (kind := type(rule).__name__) in words]
    return ", ".join(f"{word} {getattr(rule, attribute)}" for (attribute, word), rule in found)


def _default(model: type[BaseModel]) -> Any:
    required = any(info.is_required() for info in model.model_fields.values())
    return inspect.Parameter.empty if required else model()


def _as_flow(
    profile: Profile, run: Any, parameters: Mapping[str, tuple[Any, Any]], runner: TaskRunner[Any]
) -> Flow[..., dict[str, Any]]:
    name = profile.name.replace("-", "_")
    run.__name__ = run.__qualname__ = name
    run.__module__ = "flows.catalog"
    run.__doc__ = profile.description or profile.label
    ordered = sorted(parameters.items(), key=lambda item: item[1][1] is not inspect.Parameter.empty)
    run.__signature__ = inspect.Signature(
        [inspect.Parameter(k, inspect.Parameter.KEYWORD_ONLY, annotation=t, default=d) for k, (t, d) in ordered]
    )
    run.__annotations__ = {k: t for k, (t, _) in ordered}
    return Flow(
        run,
        name=profile.name,
        description=run.__doc__,
        flow_run_name=_flow_run_name,
        task_runner=runner,
        persist_result=False,
        validate_parameters=True,
    )


def _flow_run_name() -> str:
    """The run is called by its job, which takes its name from here unless one was given."""
    return flow_run.parameters.get("job_id") or new_job_id(flow_run.flow_name or "job")
