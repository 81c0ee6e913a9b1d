"""What the Prefect server knows of a run: its state, its tasks with all the states they had, its log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterName,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Cancelling

from tests.integration.driving import Toys
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
    """The latest run of a job; None as long as the server does not know of it."""
    with get_client(sync_client=True) as client:
        named = FlowRunFilter(name=FlowRunFilterName(any_=[job_id]))
        runs = client.read_flow_runs(flow_run_filter=named, sort=FlowRunSort.START_TIME_DESC)
        if not runs or runs[0].state is None:
            return None
        own = FlowRunFilter(id=FlowRunFilterId(any_=[runs[0].id]))
        tasks = {task.name.rsplit("-", 1)[0]: task for task in client.read_task_runs(flow_run_filter=own)}
        states = {id: [s.name or "?" for s in client.read_task_run_states(task.id)] for id, task in tasks.items()}
        return Seen(runs[0].id, runs[0].state.name or "?", states, {id: task.run_count for id, task in tasks.items()})


def ended(job_id: str, tasks: int, seconds: float = 90) -> Seen:
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


def says(run: Seen, text: str) -> None:
    """The log of the run has a line with that; the server is told of lines some seconds late."""
    until(lambda: any(text in line for line in log_of(run)))


def cancel(run: Seen) -> None:
    """What the button of the UI does."""
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run.id, Cancelling())


@contextmanager
def deployed(toys: Toys, profile: str) -> Iterator[str]:
    """A profile of the folder that STAGEWRIGHT_PROFILES names, deployed to a process work pool and started there; the
    job's id. The worker runs as long as this context."""
    job, pool = f"{profile}-job", f"pool-{profile}"
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
    code = (
        "from flows import catalog; from prefect.deployments.runner import EntrypointType as E\n"
        f"made = catalog.{profile}.to_deployment('test', work_pool_name={pool!r}, entrypoint_type=E.MODULE_PATH)\n"
        "print(made.apply())"
    )
    run = {"env": toys.all(), "cwd": toys.folder}
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, **run)
    assert made.returncode == 0, made.stderr
    with get_client(sync_client=True) as client:
        client.create_flow_run_from_deployment(UUID(made.stdout.split()[-1]), parameters={"job_id": job})
    prefect = str(Path(sys.executable).parent / "prefect")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    worker = subprocess.Popen(
        [prefect, "worker", "start", "--pool", pool, "--type", "process"], start_new_session=True, **run, **quiet
    )
    try:
        yield job
    finally:
        worker.terminate()
        try:
            worker.wait(3)
        except subprocess.TimeoutExpired:  # it waits for the process of a run that it was told to end
            os.killpg(worker.pid, signal.SIGKILL)
