"""One stage as one Prefect task: found if it is kept, run if not, failed if it cannot be stored."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Failed
from prefect.transactions import get_transaction

from flows.graph.plan import PlannedStage
from flows.jobs.job import Job
from flows.jobs.results import CheckpointPolicy, EnvelopeMetadata, StageSerializer, StageStorage
from flows.jobs.stage_work import StageWork
from flows.places.place import Logger
from stages.core.errors import JobStopped, StageFailed, StagewrightError
from stages.core.results import StageResult

SKIPPED = "Skipped"
"""Name of the state of a stage that is not run since one before it failed. Its type is Failed, as what waits for it in
turn must see: Prefect resolves no other end (`allow_failure`), and by itself leaves all of them Pending for ever."""

GPU_TAG = "gpu"
"""Of the tasks that ask for a GPU, so that a limit can stand on them."""

_RETRY_DELAYS = [1.0, 5.0, 20.0]  # seconds; the last one holds for all further retries


def stage_task(job: Job, planned: PlannedStage, storage: StageStorage, refresh: bool) -> Task[Any, StageResult]:
    """The task of one stage of a job. Its name is the stage's id."""
    work = StageWork(job, planned, refresh)

    def run_stage(upstream: dict[str, Any], after: dict[str, Any]) -> Any:
        if lacking := _lacking(upstream | after):
            return Failed(name=SKIPPED, message=f"Not run: {', '.join(lacking)} did not end well.")
        try:
            return work.run(upstream, _logger())
        except JobStopped as stopped:
            if (transaction := get_transaction()) is not None:
                transaction.write_on_commit = False  # there is no result that could be stored
            return Cancelled(message=str(stopped))

    def key_of(given: Mapping[str, Any]) -> str | None:
        return None if _lacking(given["upstream"] | given["after"]) else work.key_of(given["upstream"])

    task: Task[Any, StageResult] = Task(
        run_stage,
        name=planned.id,
        description=planned.definition.description,
        tags=[GPU_TAG] if planned.resources.gpus else None,  # a tag costs a call of the API; limits stand on this one
        persist_result=True,
        result_serializer=StageSerializer(),
        cache_policy=CheckpointPolicy(key_of=key_of, key_storage=EnvelopeMetadata.of(storage)),
        refresh_cache=work.refresh,
        retries=planned.retries,
        retry_delay_seconds=_RETRY_DELAYS[: max(1, planned.retries)],
        retry_condition_fn=_worth_a_retry,
        timeout_seconds=None if job.place.keeps_time else planned.timeout,
    )
    task.result_storage = storage  # set afterwards: it is this run's own, with its memory
    return task


def _lacking(before: Mapping[str, Any]) -> list[str]:
    """The stages before this one that have no result."""
    return [id for id, result in before.items() if not isinstance(result, StageResult)]


def _worth_a_retry(task: Task[Any, Any], run: TaskRun, state: State[Any]) -> bool:
    """Faults that may go away by themselves, and those that a stage's own code raised; never wrong input."""
    error = state.data
    return not isinstance(error, StagewrightError) or error.transient or isinstance(error, StageFailed)


def _logger() -> Logger:
    try:
        return get_run_logger()
    except MissingContextError:
        return logging.getLogger("stagewright")
