"""Every profile as an importable Prefect flow: `flows.catalog.brand_exposure`.

A flow is made when it is first asked for, so importing this costs nothing but Prefect. The names are those of the
profiles, with '_' for '-'; profiles in the folders of STAGEWRIGHT_PROFILES are found too. Where nothing tells Prefect
of a server, the one that was started on this machine is used, as the store is; nothing is started here.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from prefect import Flow
from prefect.settings import get_current_settings

from flows.assemble import assemble
from flows.connections import local_server, point_prefect_at
from flows.load import list_profiles, load_profile
from flows.settings import Settings, read_settings
from stages.core.discovery import load_stages
from stages.core.errors import UsageError
from stages.core.suggest import did_you_mean


@cache
def flow_of(profile: str) -> Flow[..., dict[str, Any]]:
    """The flow of a profile, by the profile's name. Raises ProfileError."""
    settings = read_settings()
    load_stages(settings.stage_modules)
    return assemble(load_profile(profile, _folders(settings)))


def _names() -> dict[str, list[str]]:
    """Name in Python -> names of the profiles that would have it."""
    names: dict[str, list[str]] = {}
    for profile in sorted({profile.name for profile in list_profiles(_folders(read_settings()))}):
        names.setdefault(profile.replace("-", "_"), []).append(profile)
    return names


def _folders(settings: Settings) -> list[Path]:
    return [Path(folder) for folder in settings.profiles]


def _use_local_server() -> None:
    """Neither the environment nor a Prefect profile may name a server: whoever named one wants it."""
    if get_current_settings().api.url is None and (server := local_server(read_settings())):
        point_prefect_at(server)


def __getattr__(name: str) -> Flow[..., dict[str, Any]]:
    if name.startswith("_"):
        raise AttributeError(name)
    names = _names()
    if name not in names:
        raise AttributeError(f"There is no profile for flows.catalog.{name}{did_you_mean(name, names)}")
    if len(names[name]) > 1:
        found = " and ".join(map(repr, names[name]))
        raise UsageError(f"The profiles {found} would both be flows.catalog.{name}; give one another name.")
    _use_local_server()
    return flow_of(names[name][0])


def __dir__() -> list[str]:
    return sorted({*globals(), *_names()})
