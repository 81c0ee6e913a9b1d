"""Every profile as an importable Prefect flow: `flows.catalog.brand_exposure`.

A flow is made when it is first asked for, so importing this costs nothing but Prefect. The names are those of the
profiles, with '_' for '-'; profiles in the folders of STAGEWRIGHT_PROFILES are found too.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from prefect import Flow

from flows.assemble import assemble
from flows.load import list_profiles, load_profile
from flows.settings import read_settings
from stages.core.discovery import load_stages
from stages.core.suggest import did_you_mean


@cache
def flow_of(profile: str) -> Flow[..., dict[str, Any]]:
    """The flow of a profile, by the profile's name. Raises ProfileError."""
    settings = read_settings()
    load_stages(settings.stage_modules)
    return assemble(load_profile(profile, [Path(folder) for folder in settings.profiles]))


def _names() -> dict[str, str]:
    """Name in Python -> name of the profile."""
    folders = [Path(folder) for folder in read_settings().profiles]
    return {profile.name.replace("-", "_"): profile.name for profile in list_profiles(folders)}


def __getattr__(name: str) -> Flow[..., dict[str, Any]]:
    if name.startswith("_"):
        raise AttributeError(name)
    names = _names()
    if name not in names:
        raise AttributeError(f"There is no profile for flows.catalog.{name}{did_you_mean(name, names)}")
    return flow_of(names[name])


def __dir__() -> list[str]:
    return sorted({*globals(), *_names()})
