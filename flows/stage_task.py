"""One stage as one Prefect task: found if it is kept, run if not, failed if it cannot be stored."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from flows.board import BoardReporter
from flows.job import Job
from flows.plan import PlannedStage
from flows.results import CheckpointPolicy, EnvelopeMetadata, StageSerializer, StageStorage
from stages.core.context import RuntimeContext
from stages.core.errors import StageFailed, StagewrightError
from stages.core.execute import StageCall, checkpoint_key, execute
from stages.core.fingerprint import stage_version
from stages.core.results import StageResult, ValueHandle

_RETRY_DELAYS = [1.0, 5.0, 20.0]  # seconds; the last one holds for all further retries


class StageWork:
    """What the task of one stage does. `upstream` are the results of the stages it waits for, by id."""

    def __init__(self, job: Job, planned: PlannedStage, refresh: bool) -> None:
        self.job, self.planned, self.refresh = job, planned, refresh or not planned.definition.pure
        self.version = stage_version(planned.definition)

    def reads(self, upstream: Mapping[str, StageResult]) -> dict[str, ValueHandle]:
        """A handle for each key the stage reads, by its own name for it."""
        return {
            key: self.job.inputs[source.key] if source.stage is None else upstream[source.stage].value(source.key)
            for key, source in self.planned.reads.items()
        }

    def key_of(self, parameters: Mapping[str, Any]) -> str:
        """The checkpoint's key for the task's parameters."""
        digests = {key: handle.digest for key, handle in self.reads(parameters["upstream"]).items()}
        planned = self.planned
        return checkpoint_key(planned.definition, self.version, planned.config, digests, self.job.job_id)

    def run(self, upstream: dict[str, StageResult]) -> StageResult:
        """Run the stage and store its result; called only where no whole result is kept."""
        key = self.key_of({"upstream": upstream})
        if not self.refresh:
            self.job.checkpoints.find(key)  # raises what kept Prefect from finding it: not knowing is never a miss
        self.job.board.begin(self.planned.id)
        call = StageCall(self.planned.definition, self.planned.config, self.version, key)
        envelope = execute(call, self.reads(upstream), self._context(), self.job.blobs)
        self.job.checkpoints.keep(envelope)
        result = StageResult(envelope, self.planned.definition)
        self.job.board.end(self.planned.id, result)
        return result

    def _context(self) -> RuntimeContext:
        job = self.job
        reporter = BoardReporter(job.board, self.planned.id)
        return RuntimeContext(_logger(), job.env, job.job_id, reporter=reporter, spread=job.spread, stopped=job.stopped)


def stage_task(job: Job, planned: PlannedStage, storage: StageStorage, refresh: bool) -> Task[Any, StageResult]:
    """The task of one stage of a job. Its name is the stage's id."""
    work = StageWork(job, planned, refresh)

    def run_stage(upstream: dict[str, StageResult]) -> StageResult:
        return work.run(upstream)

    task: Task[Any, StageResult] = Task(
        run_stage,
        name=planned.id,
        description=planned.definition.description,
        tags=["gpu"] if planned.resources.gpus else None,  # a tag costs a call of the API; limits stand on this one
        persist_result=True,
        result_serializer=StageSerializer(),
        cache_policy=CheckpointPolicy(key_of=work.key_of, key_storage=EnvelopeMetadata.of(storage)),
        refresh_cache=work.refresh,
        retries=planned.retries,
        retry_delay_seconds=_RETRY_DELAYS[: max(1, planned.retries)],
        retry_condition_fn=_worth_a_retry,
        timeout_seconds=planned.timeout,
    )
    task.result_storage = storage  # set afterwards: it is this run's own, with its memory
    return task


def _worth_a_retry(task: Task[Any, Any], run: TaskRun, state: State[Any]) -> bool:
    """Faults that may go away by themselves, and those that a stage's own code raised; never wrong input."""
    error = state.data
    return not isinstance(error, StagewrightError) or error.transient or isinstance(error, StageFailed)


def _logger() -> logging.Logger | logging.LoggerAdapter[Any]:
    try:
        return get_run_logger()
    except MissingContextError:
        return logging.getLogger("stagewright")
