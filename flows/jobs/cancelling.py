"""A run that is cancelled, in the UI or by `prefect flow-run cancel`: noticed while it runs, and told to its tasks.

Prefect tells a run of it by ending its process, which only a worker of Prefect does. A run that nobody started for
Prefect, as that of the command line, has to look; so has one whose stages run elsewhere and outlive a process.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Self, cast
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.context import FlowRunContext
from prefect.states import Cancelled

from flows.jobs.crashed import close_open_tasks
from flows.jobs.job import Job

LOOK_S = 2.0
"""Seconds between two looks at the run's state; a request takes some 5 ms."""

PATIENCE_S = 8.0
"""The server notes task runs late, some three seconds after the fact."""

_log = logging.getLogger("stagewright")


class CancelWatch:
    """Looks for a cancel while the job runs, and stops the job."""

    def __init__(self, job: Job) -> None:
        context = FlowRunContext.get()
        assert context is not None
        assert context.flow_run is not None
        self._job = job
        self._client = cast(SyncPrefectClient, context.client)
        self.flow_run_id: UUID = context.flow_run.id
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="cancel", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join(timeout=5)

    def close_tasks(self, tasks: int, why: str) -> None:
        """Give task runs that did not start, or whose end was not told, the end that they had. `tasks`: how many the
        run has; the server may not know of all yet."""
        until = time.monotonic() + PATIENCE_S
        with get_client(sync_client=True) as client:  # the run's own may be closed by now
            while close_open_tasks(client, self.flow_run_id, Cancelled, why) < tasks and time.monotonic() < until:
                time.sleep(0.3)

    def look(self) -> bool:
        """Whether the run is cancelled by now; if so the job is stopped."""
        try:
            state = self._client.read_flow_run(self.flow_run_id).state
        except Exception as error:  # noqa: BLE001 - a server that is away for a moment cancels nothing
            _log.debug("Could not look whether the run was cancelled: %s", error)
            return False
        if state is not None and (state.is_cancelling() or state.is_cancelled()):
            self._job.cancelled = True
            self._job.stop()
        return self._job.cancelled

    def _watch(self) -> None:
        while not self._over.wait(LOOK_S) and not self.look():
            pass
