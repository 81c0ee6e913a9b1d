"""The jobs of a batch as Prefect sees them: each a run of its profile's flow, with the batch's id as its tag.

They are no runs *below* that of the batch, as a flow is that another one calls: for those the server keeps a task each
and sets its state within the run's own transaction, which holds up all other writers where its database is SQLite.

They are created here and not by calling the flow. Where the database is SQLite, creating one is refused at times since
another writer was faster (the server answers 503). Prefect's client then waits for 2, 4 and 8 seconds; what is tried
again at once goes through. Nor do they inherit the batch's own context: jobs would share its memory of results, and one
would take for its own what another has just made.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import Any, Self, cast
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.flow_engine import run_flow_sync
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Cancelling, Pending
from prefect.utilities.callables import get_call_parameters

from flows.assemble import JobFlow
from stages.core.errors import JobStopped, StageFailed, StagewrightError

_TRIES, _AGAIN_S = 20, 0.1
"""How often the client is told to try, and the seconds that it waits between two of its own tries, or a little more."""


class JobRuns:
    """Runs the jobs of the batch in whose flow run this is made, from any thread, while this context lasts."""

    def __init__(self, flow: JobFlow, batch_id: str) -> None:
        context = FlowRunContext.get()
        assert context is not None
        assert context.flow_run is not None
        self._flow, self._tag = flow, batch_id
        self._client = cast(SyncPrefectClient, context.client)  # open as long as the batch runs
        self._creator = get_client(httpx_settings={"event_hooks": {"response": [_ask_again_soon]}}, sync_client=True)
        self._batch: UUID = context.flow_run.id
        self._open: set[UUID] = set()
        self._lock = threading.Lock()
        # The heartbeat makes a run wait a second at its end; one whose process vanished is found by its mark.
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            self._around = copy_context()
        self._around.run(FlowRunContext.__var__.set, None)  # type: ignore[arg-type]  # what is unset reads as None

    def __enter__(self) -> Self:
        self._creator.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._creator.__exit__(*exc)

    def run(self, job_id: str, addresses: Mapping[str, str], label: str) -> dict[str, Any]:
        """The manifest of the job, run to its end. Raises the first failed stage's error, JobStopped where the job was
        cancelled, and what the Prefect client raises."""
        given = get_call_parameters(self._flow.fn, (), {**addresses, "job_id": job_id, "label": label})
        run = self._created(job_id, given)
        with self._noted(run.id):
            state = self._around.copy().run(run_flow_sync, self._flow, run, given, None, "state")
        return _result(cast(State[Any], state), job_id)

    def cancel(self) -> None:
        """Have all jobs that run cancelled, as the UI does; each notices it within seconds."""
        with self._lock:
            runs = list(self._open)
        for run in runs:
            with suppress(Exception):  # whatever the server says: the others are to be told, too
                self._client.set_flow_run_state(run, Cancelling())

    def is_cancelled(self) -> bool:
        """Whether the batch itself was cancelled in the UI."""
        with suppress(Exception):  # a server that is away for a moment cancels nothing
            state = self._client.read_flow_run(self._batch).state
            return state is not None and (state.is_cancelling() or state.is_cancelled())
        return False

    def _created(self, job_id: str, given: dict[str, Any]) -> FlowRun:
        shown = self._flow.serialize_parameters(given)

        for tried in itertools.count(1):  # each is some tries of the client's own
            try:
                return self._creator.create_flow_run(
                    self._flow, parameters=shown, name=job_id, state=Pending(), tags=[self._tag]
                )
            except httpx.HTTPStatusError as error:
                if error.response.status_code != httpx.codes.SERVICE_UNAVAILABLE or tried == _TRIES:
                    raise
        raise AssertionError("the last try returns or raises")

    @contextmanager
    def _noted(self, run: UUID) -> Iterator[None]:
        with self._lock:
            self._open.add(run)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(run)


def _ask_again_soon(response: httpx.Response) -> None:
    """For the client that creates runs: what the server does not say, since it knows of no better time."""
    if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        response.headers.setdefault("Retry-After", str(_AGAIN_S))


def _result(state: State[Any], job_id: str) -> dict[str, Any]:
    if state.is_cancelled():
        raise JobStopped(f"The run of job {job_id} was cancelled.", job_id=job_id)
    found = state.result(raise_on_failure=False, _sync=True)  # type: ignore[call-overload]  # as in flows.jobs.run_plan
    if isinstance(found, dict):
        return found
    if isinstance(found, StagewrightError):
        raise found
    what = f"{type(found).__name__}: {found}" if isinstance(found, BaseException) else state.message or state.name
    raise StageFailed(f"Job {job_id} did not end well: {what}", job_id=job_id)
