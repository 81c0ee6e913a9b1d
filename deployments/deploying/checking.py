"""Every profile is checked before anything is deployed; all that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from prefect import Flow
from prefect.exceptions import ParameterBindError, ParameterTypeError

from deployments.deploying.wanted import Wanted, wanted
from flows.assemble import assemble
from flows.load import list_profiles, load_profile
from flows.profiles.model import Profile
from flows.settings import Settings
from flows.watch import watch
from stages.core.discovery import load_stages
from stages.core.errors import ProfileError, UsageError
from stages.core.suggest import did_you_mean


def checked(names: Sequence[str], settings: Settings, ray: str) -> list[Wanted]:
    """What the profiles of these names want, or all there are. Raises UsageError and ProfileError with every fault."""
    load_stages(settings.stage_modules)
    folders = [Path(folder) for folder in settings.profiles]
    found, faults = list[Wanted](), list[str]()
    for name in _chosen(names, folders):
        try:
            found += _of(load_profile(name, folders), ray)
        except ProfileError as error:
            faults.append(str(error))
    faults += _clashes(found)
    if faults:
        raise ProfileError("Nothing is deployed.\n" + "\n".join(faults))
    return found


def _chosen(names: Sequence[str], folders: Sequence[Path]) -> list[str]:
    known = sorted({info.name for info in list_profiles(folders)})
    for name in names:
        if name not in known:
            where = "put the folder of your profiles in STAGEWRIGHT_PROFILES, and name a profile, not its file"
            raise UsageError(f"There is no profile {name!r} to deploy{did_you_mean(name, known)} Or {where}.")
    return list(names) or known


def _of(profile: Profile, ray: str) -> list[Wanted]:
    flow = assemble(profile)
    try:
        found = list(wanted(profile, flow, watch, ray))
    except ValueError as error:
        raise ProfileError(f"{profile.file}: deploy.schedules: {_first_line(error)}") from None
    if faults := list(_wrong_parameters(profile, flow)):
        raise ProfileError("\n".join(f"{profile.file}: {fault}" for fault in faults))
    return found


def _wrong_parameters(profile: Profile, flow: Flow[..., Any]) -> Iterator[str]:
    """A schedule fires when nobody looks: what it would be refused for is told now."""
    for schedule in profile.deploy.schedules:
        if fault := _refusal(flow, schedule.parameters):
            yield f"the parameters of the schedule {schedule.name!r}: {fault}"
    look = profile.deploy.watch
    if look is None:
        return
    if look.input not in profile.inputs:
        yield f"deploy.watch.input: there is no input {look.input!r}{did_you_mean(look.input, profile.inputs)}"
    elif fault := _refusal(flow, {**look.parameters, look.input: "s3://bucket/object"}):
        yield f"deploy.watch.parameters: {fault}"


def _refusal(flow: Flow[..., Any], parameters: dict[str, Any]) -> str | None:
    try:
        flow.validate_parameters(_bound(flow, parameters))
    except (ParameterTypeError, ParameterBindError, ValueError) as error:
        return " ".join(str(error).split())
    return None


def _bound(flow: Flow[..., Any], parameters: dict[str, Any]) -> dict[str, Any]:
    required = [name for name, found in flow.parameters.properties.items() if name in flow.parameters.required]
    if missing := [name for name in required if name not in parameters]:
        raise ValueError(f"{' and '.join(map(repr, missing))} must be given, since they have no default")
    if unknown := [name for name in parameters if name not in flow.parameters.properties]:
        raise ValueError(f"there is no {unknown[0]!r}{did_you_mean(unknown[0], flow.parameters.properties)}")
    return parameters


def _clashes(found: Sequence[Wanted]) -> Iterator[str]:
    entries: dict[str, str] = {}
    for one in found:
        other = entries.setdefault(f"{one.entrypoint} {one.name}", one.flow)
        if other != one.flow:
            yield f"the profiles {other!r} and {one.flow!r} would both be {one.entrypoint}; give one another name"


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
