"""From a profile to the plan that runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from flows.graph.check import check_profile
from flows.graph.plan import Plan
from flows.profiles.faults import refuse
from flows.profiles.model import Profile


def plan_profile(
    profile: Profile,
    *,
    enabled: Mapping[str, bool] | None = None,
    settings: Mapping[str, Mapping[str, Any] | BaseModel] | None = None,
) -> Plan:
    """The plan of a profile. `enabled` and `settings` override, by an entry's id; the plan's profile has them.

    Raises ProfileError with all faults.
    """
    plan, faults = check_profile(profile, enabled=enabled, settings=settings)
    if plan is None:
        raise refuse(profile.name, faults)
    return plan
