"""What the Prefect server knows of a run: its state, its tasks with all the states they had, its log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterName,
    LogFilter,
    LogFilterFlowRunId,
)

from tests.integration.waiting import until


@dataclass(frozen=True)
class Seen:
    """A run as the server tells of it. `states` and `counts` by the stage's id."""

    id: Any
    state: str
    states: dict[str, list[str]]
    counts: dict[str, int]

    @property
    def ends(self) -> dict[str, str]:
        """The last state of each task."""
        return {id: states[-1] for id, states in self.states.items()}


def seen(job_id: str) -> Seen | None:
    """The run of a job; None as long as the server does not know of it."""
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(name=FlowRunFilterName(any_=[job_id])))
        if not runs or runs[0].state is None:
            return None
        own = FlowRunFilter(id=FlowRunFilterId(any_=[runs[0].id]))
        tasks = {task.name.rsplit("-", 1)[0]: task for task in client.read_task_runs(flow_run_filter=own)}
        states = {id: [s.name or "?" for s in client.read_task_run_states(task.id)] for id, task in tasks.items()}
        return Seen(runs[0].id, runs[0].state.name or "?", states, {id: task.run_count for id, task in tasks.items()})


def ended(job_id: str, tasks: int, seconds: float = 30) -> Seen:
    """The run, once the server knows how all its tasks ended: it notes that late."""
    final = {"Completed", "Failed", "Skipped", "Cancelled", "Crashed", "TimedOut"}

    def told() -> bool:
        found = seen(job_id)
        return found is not None and len(found.ends) == tasks and set(found.ends.values()) <= final

    until(told, seconds)
    found = seen(job_id)
    assert found is not None
    return found


def log_of(run: Seen) -> list[str]:
    """The lines of its log."""
    with get_client(sync_client=True) as client:
        return [line.message for line in client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id])))]
