"""Every profile is checked before anything is deployed; all that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from deployments.deploying.deploy_check import deploy_faults
from deployments.deploying.wanted import Wanted, wanted
from deployments.local.seaweedfs import BUCKET
from flows.assemble import assemble
from flows.connections import outside_store
from flows.load import list_profiles, load_profile
from flows.profiles.faults import refuse
from flows.profiles.model import Profile
from flows.settings import Settings
from flows.watch import watch
from stages.core.discovery import load_stages
from stages.core.errors import ProfileError, UsageError
from stages.core.store_address import StoreAddress
from stages.core.suggest import did_you_mean


def checked(names: Sequence[str], settings: Settings, ray: str) -> list[Wanted]:
    """What the profiles of these names want, or all there are. Raises UsageError and ProfileError with every fault."""
    load_stages(settings.stage_modules)
    folders = [Path(folder) for folder in settings.profiles]
    store = outside_store(settings) or StoreAddress(BUCKET)
    found, errors = list[Wanted](), list[ProfileError]()
    for name in _chosen(names, folders):
        try:
            found += _of(load_profile(name, folders), store, ray)
        except ProfileError as error:
            errors.append(error)
    errors += map(ProfileError, _clashes(found))
    if errors:
        faults = [fault for error in errors for fault in error.context.get("faults", ())]
        raise ProfileError("\n".join(["Nothing is deployed.", *map(str, errors)]), faults=faults)
    return found


def _chosen(names: Sequence[str], folders: Sequence[Path]) -> list[str]:
    known = sorted({info.name for info in list_profiles(folders)})
    for name in names:
        if name not in known:
            where = "put the folder of your profiles in STAGEWRIGHT_PROFILES, and name a profile, not its file"
            raise UsageError(f"There is no profile {name!r} to deploy{did_you_mean(name, known)} Or {where}.")
    return list(names) or known


def _of(profile: Profile, store: StoreAddress, ray: str) -> list[Wanted]:
    flow = assemble(profile)
    if faults := deploy_faults(profile, flow, store):
        raise refuse(profile.name, faults)
    return list(wanted(profile, flow, watch, ray))


def _clashes(found: Sequence[Wanted]) -> Iterator[str]:
    """Names that differ in a profile, and are one as the module's attribute that a run imports."""
    entries: dict[tuple[str, str], str] = {}
    for one in found:
        other = entries.setdefault((one.entrypoint, one.name), one.flow)
        if other != one.flow:
            yield f"The profiles {other!r} and {one.flow!r} would both be {one.entrypoint}; give one another name."
