"""A profile's `deploy:` against its flow: what a schedule or a watch would be refused for when nobody looks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prefect import Flow
from prefect.client.schemas.schedules import CronSchedule

from deployments.deploying.parameter_faults import form_faults, parameter_faults
from deployments.deploying.wanted import watching
from flows.profiles.model import Profile
from flows.watch import watch
from flows.watch.folder import folder_uri
from flows.watch.note import JOB_PARAMETER
from stages.core.errors import UsageError
from stages.core.store_address import StoreAddress
from stages.core.suggest import did_you_mean
from stages.documents.faults import Fault


def deploy_faults(profile: Profile, flow: Flow[..., Any], own: StoreAddress) -> list[Fault]:
    """What is wrong with it, each with its line. `own` is the store, in which some folders cannot be watched."""
    if profile.name == "watch":
        taken = "a profile that is deployed cannot be called 'watch': so is the flow that watches folders"
        return [Fault(taken, file=profile.file)]
    told = [*_schedules(profile, flow), *_watch(profile, flow, own)]
    return [Fault(message, None, path, *profile.place(path)) for path, message in told]


def _schedules(profile: Profile, flow: Flow[..., Any]) -> Iterator[tuple[str, str]]:
    for index, schedule in enumerate(profile.deploy.schedules):
        at = f"deploy.schedules.{index}"
        if schedule.cron is not None and not _is_cron(schedule.cron):
            yield (
                f"{at}.cron",
                f"found {schedule.cron!r}, expected minute, hour, day, month, weekday: '0 2 * * *'",
            )
        for path, problem in parameter_faults(profile, flow, schedule.parameters):
            yield f"{at}.parameters.{path}".rstrip("."), problem


def _watch(profile: Profile, flow: Flow[..., Any], own: StoreAddress) -> Iterator[tuple[str, str]]:
    look, at = profile.deploy.watch, "deploy.watch"
    if look is None:
        return
    try:
        folder_uri(look.prefix, own)
    except UsageError as error:
        yield f"{at}.prefix", str(error)
    if look.input not in profile.inputs:
        yield f"{at}.input", f"there is no input {look.input!r}{did_you_mean(look.input, profile.inputs)}"
    elif given := {look.input, JOB_PARAMETER} & set(look.parameters):
        yield f"{at}.parameters", f"{min(given)!r} is set for each object; leave it out"
    else:
        for path, problem in parameter_faults(profile, flow, {**look.parameters, look.input: "s3://bucket/object"}):
            yield f"{at}.parameters.{path}".rstrip("."), problem
    asked = watching(profile, look, watch)
    for path, problem in form_faults(asked.form, asked.parameters):
        yield f"{at}.{path}", problem


def _is_cron(text: str) -> bool:
    try:
        CronSchedule(cron=text)
    except ValueError:
        return False
    return True
