"""Watching a bucket: `flows.watch.watch` is a Prefect flow that starts a deployment for each new object of a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.watch.flow import watch

__all__ = ["watch"]


def __getattr__(name: str) -> Any:
    """Imported when asked for: notes and ledger are of use without Prefect."""
    if name != "watch":
        raise AttributeError(f"module 'flows.watch' has no attribute {name!r}")
    from flows.watch.flow import watch

    _use_local_server()
    return watch


def _use_local_server() -> None:
    """As `flows.catalog` does: where nothing tells Prefect of a server, it is the one that was started here."""
    from prefect.context import refresh_global_settings_context
    from prefect.settings import get_current_settings

    from flows.connections import local_server, point_prefect_at
    from flows.settings import read_settings

    if get_current_settings().api.url is None and (server := local_server(read_settings())):
        point_prefect_at(server)
        refresh_global_settings_context()
