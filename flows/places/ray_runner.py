"""Prefect's task runner for Ray, made truthful.

prefect-ray's runner puts Prefect's whole engine for a task on a Ray worker. When that worker dies, so does the engine:
the task stays Running for ever, Prefect's retries do not apply, and each task pays for settings and clients that are
made anew. Here the engine of each task stays in a thread of the process that runs the flow, which survives and owns the
states; only the stage's own work goes to Ray, by way of `place`.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import ray
from prefect.settings import get_current_settings
from prefect.task_runners import ThreadPoolTaskRunner
from prefect_ray import RayTaskRunner

from flows.places.baggage import pack
from flows.places.names import RAY
from flows.places.place import Surroundings
from flows.places.ray_connection import Cluster, connect, disconnect
from flows.places.ray_place import RayPlace
from flows.settings import read_settings

_holders: list[bool] = []
"""For each runner that runs in this process, whether it was the one that connected."""

_lock = threading.Lock()


class StageRayTaskRunner(RayTaskRunner[Any]):  # type: ignore[misc]  # its base has no types
    """Runs tasks on threads here and their stages on Ray. `address`: `ray` for this machine's, `auto`, or HOST:PORT."""

    def __init__(self, address: str | None = None, init_kwargs: dict[str, Any] | None = None) -> None:
        super().__init__(address or RAY, init_kwargs)
        self._threads: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner()
        self._cluster: Cluster | None = None

    def place(self, around: Surroundings) -> RayPlace:
        """Where the stages of a job are carried out, while this runner runs."""
        assert self._cluster is not None
        return RayPlace(around, pack(self._cluster.elsewhere))

    def submit(self, task: Any, parameters: Any, wait_for: Any = None, dependencies: Any = None) -> Any:
        """See TaskRunner."""
        return self._threads.submit(task, parameters, wait_for, dependencies)

    def cancel_all(self) -> None:
        """See ThreadPoolTaskRunner. Ray's part is ended by the job, which knows what it has there."""
        self._threads.cancel_all()

    def __enter__(self) -> Self:
        with _lock, _own_handler_of_sigterm():
            connected = ray.is_initialized()
            self._cluster = connect(
                str(self.address), read_settings(), get_current_settings().api.url, **self.init_kwargs
            )
            _holders.append(not connected)
        super().__enter__()  # finds the connection made
        self._threads.__enter__()
        return self

    def __exit__(self, *exc_info: Any) -> None:
        """Two flows of a process share one connection; it is closed after the last, unless it was there before."""
        self._threads.__exit__(*exc_info)
        super().__exit__(*exc_info)
        with _lock:
            if _holders.pop() and not _holders:
                disconnect()


@contextmanager
def _own_handler_of_sigterm() -> Iterator[None]:
    """Ray takes SIGTERM for itself when it connects; Prefect's handler, by which a run is cancelled, is put back."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)
