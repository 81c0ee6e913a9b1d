"""The truthful end, in Prefect, of a run whose process vanished: it and its open tasks are Crashed (or Cancelled)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Crashed

_MESSAGE = "The process that ran this vanished."


def mark_crashed(flow_run_id: str) -> bool:
    """End the run and its open tasks; whether the run itself was still open.

    One that the server does not know is left alone, and so is what has ended.
    """
    with get_client(sync_client=True) as client:
        try:
            run = client.read_flow_run(UUID(flow_run_id))
        except ObjectNotFound:
            return False
        cancelled = run.state is not None and run.state.type.value in ("CANCELLING", "CANCELLED")
        was_open = run.state is None or not run.state.is_final()
        if was_open:
            end = Cancelled if cancelled else Crashed
            client.set_flow_run_state(run.id, end(message=_MESSAGE), force=True)
        close_open_tasks(client, run.id, Cancelled if cancelled else Crashed, _MESSAGE)
        return was_open


def close_open_tasks(client: SyncPrefectClient, flow_run_id: UUID, end: Callable[..., State[Any]], why: str) -> int:
    """Give the run's task runs that are open their end; how many task runs the server knows of."""
    found = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id])))
    for task in found:
        if task.state is None or not task.state.is_final():
            client.set_task_run_state(task.id, end(message=why), force=True)
    return len(found)
