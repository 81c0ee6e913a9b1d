"""Profiles become flows. From here come the names for reading, checking and planning profiles; none imports Prefect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.graph.check import check_profile
    from flows.graph.plan import Plan
    from flows.graph.planning import plan_profile
    from flows.load import list_profiles, load_profile
    from flows.profiles.model import Profile
    from stages.documents.faults import Fault

_HOMES = {
    "Fault": "stages.documents.faults",
    "Plan": "flows.graph.plan",
    "Profile": "flows.profiles.model",
    "check_profile": "flows.graph.check",
    "list_profiles": "flows.load",
    "load_profile": "flows.load",
    "plan_profile": "flows.graph.planning",
}

__all__ = ["Fault", "Plan", "Profile", "check_profile", "list_profiles", "load_profile", "plan_profile"]


def __getattr__(name: str) -> Any:
    """Imported when asked for, so that `import flows` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'flows' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
