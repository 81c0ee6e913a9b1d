"""Runs of pipelines as the Prefect server knows them. Only here its API is asked."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterType,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterName,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import Artifact, FlowRun, State
from prefect.client.schemas.sorting import FlowRunSort, LogSort
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_KEY, PREFECT_API_URL, temporary_settings
from prefect.states import Cancelling

from flows.jobs.crashed import mark_crashed
from flows.jobs.stage_task import SKIPPED
from flows.pipelines.progress import ActionStatus, RunState
from stages.core.errors import ServiceError, ServiceUnreachable

_PAGE = 200  # lines a request; the server gives no more
_STATES: dict[str, RunState] = {
    "RUNNING": "running",
    "CANCELLING": "running",
    "PAUSED": "running",
    "COMPLETED": "done",
    "FAILED": "failed",
    "CRASHED": "crashed",
    "CANCELLED": "cancelled",
}
_STATUSES: dict[str, ActionStatus] = {
    "RUNNING": "running",
    "CANCELLING": "running",
    "COMPLETED": "ran",
    "FAILED": "failed",
    "CRASHED": "failed",
    "CANCELLED": "cancelled",
}
_TOLD = re.compile(r"Progress of (\w+)(?:: (.*))?")
_RAISED = "Flow run encountered an exception: "


@dataclass(frozen=True)
class Reached:
    """How far an action said it is."""

    share: float
    category: str | None


@lru_cache(4)
def runs_of(api_url: str) -> PrefectRuns:
    """The runs of a server. Remembered with its client, which takes longer to make than a request does."""
    return PrefectRuns(api_url)


class PrefectRuns:
    """The runs of one server, asked through one client, which is opened when it is first needed."""

    def __init__(self, api_url: str) -> None:
        self._api_url = api_url
        self._lock = threading.Lock()
        self._opened: SyncPrefectClient | None = None

    def find(self, run_id: str) -> FlowRun | None:
        """The flow run of a job; None as long as it has not begun."""
        named = FlowRunFilter(name=FlowRunFilterName(any_=[run_id]))
        with self._client() as client:
            found = client.read_flow_runs(flow_run_filter=named, sort=FlowRunSort.START_TIME_DESC, limit=1)
        return found[0] if found else None

    def told(self, run: FlowRun) -> tuple[dict[str, ActionStatus], dict[str, Reached]]:
        """How the actions stand that the server knows of, by id, and what they last said of themselves. The server
        notes ends seconds late."""
        tasks_of = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
        bars_of = ArtifactFilter(
            flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]), type=ArtifactFilterType(any_=["progress"])
        )
        with self._client() as client:
            tasks = client.read_task_runs(flow_run_filter=tasks_of)
            bars = client.read_artifacts(artifact_filter=bars_of, limit=_PAGE)
        statuses = {task.name.rpartition("-")[0]: _status(task.state) for task in tasks}
        return statuses, dict(filter(None, map(_reached, bars)))

    def log(self, run: FlowRun) -> str:
        """All lines of the run and its tasks, in order of time."""
        own, lines = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id])), list[str]()
        with self._client() as client:
            while True:
                page = client.read_logs(own, limit=_PAGE, offset=len(lines), sort=LogSort.TIMESTAMP_ASC)
                lines += [f"{found.timestamp:%H:%M:%S} {found.message}" for found in page]
                if len(page) < _PAGE:
                    return "\n".join(lines)

    def cancel(self, run: FlowRun) -> None:
        """Have it end early, as the button of the UI does."""
        with self._client() as client:
            client.set_flow_run_state(run.id, Cancelling())

    def mark_crashed(self, run: FlowRun) -> None:
        """Give a run whose process is gone its end, and its tasks theirs."""
        with self._client(), temporary_settings({PREFECT_API_URL: self._api_url}):
            mark_crashed(str(run.id))

    @contextmanager
    def _client(self) -> Iterator[SyncPrefectClient]:
        try:
            with self._lock:
                if self._opened is None:  # a client of its own: that of a flow this may run in is for another server
                    keys = {"auth_string": PREFECT_API_AUTH_STRING.value(), "api_key": PREFECT_API_KEY.value()}
                    self._opened = SyncPrefectClient(self._api_url, **keys).__enter__()
            yield self._opened
        except httpx.HTTPStatusError as error:
            raise ServiceError(f"The pipeline service at {self._api_url} refused: {error}") from error
        except (httpx.HTTPError, RuntimeError) as error:
            problem = f"The pipeline service, the Prefect server at {self._api_url}, does not answer"
            raise ServiceUnreachable(f"{problem} ({type(error).__name__}: {error}).") from error


def state_of(run: FlowRun | None) -> RunState:
    """How a run stands."""
    return _STATES.get(run.state.type.value, "waiting") if run is not None and run.state is not None else "waiting"


def error_told(run: FlowRun) -> tuple[str, str]:
    """Kind and message of the error that a run ended by."""
    told = run.state.message or run.state.name if run.state else ""
    message = (told or "").removeprefix(_RAISED)
    kind, colon, rest = message.partition(": ")
    return (kind, rest) if colon and kind.isidentifier() else ("StageFailed", message)


def _reached(bar: Artifact) -> tuple[str, Reached] | None:
    told = _TOLD.fullmatch(bar.description or "")
    return (told[1], Reached(float(cast(float, bar.data)) / 100, told[2])) if told else None


def _status(state: State[object] | None) -> ActionStatus:
    if state is None:
        return "waiting"
    named: dict[str | None, ActionStatus] = {"Cached": "kept", SKIPPED: "skipped", "AwaitingRetry": "running"}
    return named.get(state.name) or _STATUSES.get(state.type.value, "waiting")
