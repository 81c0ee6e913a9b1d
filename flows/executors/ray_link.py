"""This process's connection to a Ray cluster, as executors need it: a process has one at a time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from flows.places.names import RAY, THREADS
from flows.places.reach import refuse_loopback
from flows.settings import Settings, read_settings

if TYPE_CHECKING:
    from flows.places.ray_connection import Cluster

_lock = threading.Lock()
_users: set[object] = set()  # who need a connection that was made here; none where it was there before


def enter(user: object, address: str | None) -> Cluster:
    """The cluster: that at the address, else the one that this process is connected to, else as STAGEWRIGHT_RUNNER says
    or, where that is threads, the Ray of this machine. Raises ServiceUnreachable; UsageError also for one with other
    machines, which could not reach the store or the Prefect server that is used here."""
    import ray

    from flows.places.ray_connection import join

    with _lock:
        was_connected, settings = ray.is_initialized(), read_settings()
        if address is None and was_connected:
            address = str(ray.get_runtime_context().gcs_address)
        named = settings.runner if settings.runner != THREADS else RAY
        cluster = join(address or named, settings, lambda found: _check(found, settings))
        if _users or not was_connected:
            _users.add(user)
        return cluster


def _check(cluster: Cluster, settings: Settings) -> None:
    refuse_loopback(cluster.address, settings, settings.prefect_api_url)


def leave(user: object) -> None:
    """Disconnect, if it was connected for executors and this is the last of them."""
    with _lock:
        if user in _users:
            _users.discard(user)
            if not _users:
                from flows.places.ray_connection import disconnect

                disconnect()
