"""What profiles want of a Prefect server: deployments, each with its form, its limit and its schedules."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prefect import Flow
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.utilities.callables import parameter_schema

from flows.profiles.deploy import Schedule, Watch
from flows.profiles.model import Profile

Json = dict[str, Any]

DEFAULT, RAY = "default", "ray"
_COLLISIONS = {"wait": "ENQUEUE", "cancel": "CANCEL_NEW"}
_HOME_TAG = "stagewright"


@dataclass(frozen=True)
class WantedSchedule:
    """A schedule, known again by `name`. `active` counts only when it is made: later it is whoever switches it."""

    name: str
    rhythm: CronSchedule | IntervalSchedule
    active: bool
    parameters: Json

    def to_json(self) -> Json:
        """What of it a later deploy compares."""
        return {**rhythm_json(self.rhythm), "parameters": self.parameters}


@dataclass(frozen=True)
class Wanted:
    """One deployment. `form` is the JSON Schema of its parameters, `job_variables` what its runs' processes are given
    over what their worker has."""

    flow: str
    name: str
    entrypoint: str
    description: str
    tags: Sequence[str]
    limit: int
    collision: str
    form: Json
    parameters: Json = field(default_factory=dict)
    job_variables: Json = field(default_factory=dict)
    schedules: Sequence[WantedSchedule] = ()

    @property
    def full_name(self) -> str:
        """As Prefect's command names it."""
        return f"{self.flow}/{self.name}"


def rhythm_json(rhythm: Any) -> Json:
    """When a schedule fires, as people and `prefect.yaml` say it."""
    if isinstance(rhythm, CronSchedule):
        return {"cron": rhythm.cron, "timezone": rhythm.timezone or "UTC"}
    if isinstance(rhythm, IntervalSchedule):
        return {"interval": rhythm.interval.total_seconds(), "timezone": rhythm.timezone or "UTC"}
    return {"rhythm": str(rhythm)}


def wanted(profile: Profile, flow: Flow[..., Any], watch: Flow[..., Any], ray: str) -> Iterator[Wanted]:
    """The deployments of a profile: on threads, on Ray (`ray`: as STAGEWRIGHT_RUNNER), and the watch, if it wants one.

    Raises ValueError where a schedule's rhythm is none.
    """
    form = json.loads(parameter_schema(flow).model_dump_json(exclude_unset=True))
    schedules = tuple(_schedule(schedule) for schedule in profile.deploy.schedules)
    for name, runner, own in ((DEFAULT, "threads", schedules), (RAY, ray, ())):
        yield Wanted(
            flow=flow.name,
            name=name,
            entrypoint=f"flows.catalog.{flow.name.replace('-', '_')}",
            description=profile.description or profile.label,
            tags=sorted({_HOME_TAG, *profile.deploy.tags}),
            limit=profile.deploy.limit,
            collision=_COLLISIONS[profile.deploy.collision],
            form=form,
            job_variables={"env": {"STAGEWRIGHT_RUNNER": runner}},
            schedules=own,
        )
    if profile.deploy.watch is not None:
        yield _watching(profile, profile.deploy.watch, watch)


def _watching(profile: Profile, wish: Watch, watch: Flow[..., Any]) -> Wanted:
    own: Mapping[str, Any] = {
        "prefix": wish.prefix,
        "deployment": f"{profile.name}/{DEFAULT}",
        "input": wish.input,
        "suffixes": wish.suffixes,
        "parameters": wish.parameters,
    }
    every = Schedule(name="look", cron=None, every=wish.every, active=wish.active)
    return Wanted(
        flow=watch.name,
        name=profile.name,
        entrypoint="flows.watch.watch",
        description=f"Runs {profile.name}/{DEFAULT} for every new object below {wish.prefix}",
        tags=sorted({_HOME_TAG, *profile.deploy.tags}),
        limit=1,
        collision="CANCEL_NEW",  # the look that is under way sees the same
        form=json.loads(parameter_schema(watch).model_dump_json(exclude_unset=True)),
        parameters=dict(own),
        schedules=(_schedule(every),),
    )


def _schedule(schedule: Schedule) -> WantedSchedule:
    rhythm = (
        CronSchedule(cron=schedule.cron, timezone=schedule.timezone)
        if schedule.cron is not None
        else IntervalSchedule(interval=schedule.every, timezone=schedule.timezone)  # type: ignore[arg-type]
    )
    return WantedSchedule(schedule.name, rhythm, schedule.active, dict(schedule.parameters))
