"""What profiles want of a Prefect server: deployments, each with its form, its limit and its schedules."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from prefect import Flow
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.utilities.callables import parameter_schema

from flows.places.names import RAY, THREADS
from flows.profiles.deploy import DEFAULT, ON_RAY, Schedule, Watch
from flows.profiles.model import Profile

Json = dict[str, Any]

_COLLISIONS = {"wait": "ENQUEUE", "cancel": "CANCEL_NEW"}
HOME_TAG = "stagewright"


@dataclass(frozen=True)
class WantedSchedule:
    """When a deployment runs by itself, known again by `name`. `active` counts only when it is made: after that it is
    a switch in the UI."""

    name: str
    rhythm: CronSchedule | IntervalSchedule
    active: bool


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
    schedule: WantedSchedule | None = None

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
    """The deployments of a profile: on threads, on Ray (`ray`: as STAGEWRIGHT_RUNNER), one for each schedule, and the
    watch, if it wants one. The profile's `deploy:` has been checked."""
    runners = {THREADS: THREADS, RAY: ray}
    plain = Wanted(
        flow=flow.name,
        name=DEFAULT,
        entrypoint=f"flows.catalog.{flow.name.replace('-', '_')}",
        description=profile.description or profile.label,
        tags=sorted({HOME_TAG, *profile.deploy.tags}),
        limit=profile.deploy.limit,
        collision=_COLLISIONS[profile.deploy.collision],
        form=form_of(flow),
        job_variables=_on(THREADS),
    )
    yield plain
    yield replace(plain, name=ON_RAY, job_variables=_on(ray))
    for own in profile.deploy.schedules:
        job_variables, parameters = _on(runners[own.runner]), dict(own.parameters)
        schedule = _schedule(own)
        yield replace(plain, name=own.name, job_variables=job_variables, parameters=parameters, schedule=schedule)
    if profile.deploy.watch is not None:
        yield watching(profile, profile.deploy.watch, watch)


def form_of(flow: Flow[..., Any]) -> Json:
    """The JSON Schema of its parameters: what the form shows, and what the server checks."""
    form: Json = json.loads(parameter_schema(flow).model_dump_json(exclude_unset=True))
    return form


def watching(profile: Profile, wish: Watch, watch: Flow[..., Any]) -> Wanted:
    """The deployment that looks at a prefix, and starts the profile's for each new object."""
    own: Mapping[str, Any] = {
        "prefix": wish.prefix,
        "deployment": f"{profile.name}/{DEFAULT}",
        "input": wish.input,
        "parameters": wish.parameters,
        **({} if wish.suffixes is None else {"suffixes": wish.suffixes}),
    }
    every = Schedule(name="look", cron=None, every=wish.every, active=wish.active)
    return Wanted(
        flow=watch.name,
        name=profile.name,
        entrypoint="flows.watch.watch",
        description=f"Runs {profile.name}/{DEFAULT} for every new object below {wish.prefix}",
        tags=sorted({HOME_TAG, *profile.deploy.tags}),
        limit=2,  # a look that was asked for beside the schedule's
        collision=_COLLISIONS["wait"],
        form=form_of(watch),
        parameters=dict(own),
        schedule=_schedule(every),
    )


def _on(runner: str) -> Json:
    return {"env": {"STAGEWRIGHT_RUNNER": runner}}


def _schedule(schedule: Schedule) -> WantedSchedule:
    rhythm = (
        CronSchedule(cron=schedule.cron, timezone=schedule.timezone)
        if schedule.cron is not None
        else IntervalSchedule(interval=timedelta(seconds=schedule.every or 0), timezone=schedule.timezone)
    )
    return WantedSchedule(schedule.name, rhythm, schedule.active)
