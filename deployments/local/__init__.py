"""The object store, the Prefect server and Ray on this machine: started when needed, reused, stopped on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deployments.local.inspection import ServiceStatus, status
    from deployments.local.lifecycle import down, up

__all__ = ["ServiceStatus", "down", "status", "up"]


def __getattr__(name: str) -> Any:
    """Imported when asked for: the command line registers `commands` from here at every start, whatever it is to do."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from deployments.local import inspection, lifecycle

    return getattr(lifecycle if name in ("up", "down") else inspection, name)
