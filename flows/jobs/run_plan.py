"""Running a plan inside a Prefect flow run: every stage submitted at once, each waiting for what it reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from concurrent.futures import as_completed, wait
from typing import Any, cast

from prefect import allow_failure
from prefect.client.schemas.objects import State
from prefect.exceptions import TerminationSignal
from prefect.futures import PrefectConcurrentFuture

from flows.jobs.artifacts import Artifacts
from flows.jobs.cancelling import CancelWatch
from flows.jobs.job import Job, now
from flows.jobs.publish import outputs, publish_files, write_manifest
from flows.jobs.results import StageStorage
from flows.jobs.running import mark_untold
from flows.jobs.stage_task import SKIPPED, stage_task
from stages.core.errors import JobStopped, StageFailed, StagewrightError, StoreError
from stages.core.results import StageResult

Futures = dict[str, PrefectConcurrentFuture[StageResult]]

_MANIFEST_EVERY = 2.0  # seconds


def run_plan(job: Job, storage: StageStorage, refresh: Collection[str]) -> dict[str, Any]:
    """Run all stages of the job; what it leaves, as its manifest says. Raises the first stage's error, and JobStopped
    where the run was cancelled."""
    futures: Futures = {}
    with Artifacts(job) as artifacts, CancelWatch(job) as watch:
        write_manifest(job, "running")
        try:
            _submit(job, storage.of(job.checkpoints), refresh, futures)
            error = _hear_ends(job, futures, artifacts)
            left = _close(job, artifacts, error)
        except BaseException as problem:
            job.stop()
            if isinstance(problem, TerminationSignal):  # a worker cancels by it, often before the watch saw it
                watch.look()
            _close_crashed(job, problem)
            closing = threading.Thread(target=_close_tasks, args=(futures, watch, "The run was stopped."))
            closing.start()
            if not isinstance(problem, KeyboardInterrupt):  # who presses it again wants to wait for nothing
                closing.join()
            raise
        finally:
            job.place.close()
        if job.cancelled:
            _close_tasks(futures, watch, "The run was cancelled.")
    if error:
        raise error
    return left


def _submit(job: Job, storage: StageStorage, refresh: Collection[str], futures: Futures) -> None:
    """All stages at once, each waiting for what it reads; `futures` are filled as it goes."""
    for planned in job.plan.stages:
        task = stage_task(job, planned, storage, refresh=planned.id in refresh)
        sources = {source.stage for source in planned.reads.values()} - {None}
        upstream, after = (
            {id: allow_failure(futures[id]) for id in futures if id in before} for before in (sources, planned.after)
        )
        futures[planned.id] = cast(Any, task.submit(upstream=upstream, after=after))


def _hear_ends(job: Job, futures: Futures, artifacts: Artifacts) -> StagewrightError | None:
    """Wait until all have ended; the first error."""
    # Prefect's own as_completed tells of futures whose state is not there yet; the wrapped ones carry it.
    ids = {future.wrapped_future: id for id, future in futures.items()}
    error: StagewrightError | None = None
    told = time.monotonic()
    for done in as_completed(ids):
        failed = _end(job, ids[done], cast(State[Any], done.result()))
        artifacts.of_stage(job.board.stages[ids[done]], futures[ids[done]].task_run_id)
        error = error or failed
        if not isinstance(error, StoreError):  # of which it would be waited for anew
            told = _tell(job, told)
    if job.cancelled:
        return JobStopped("The run was cancelled.")
    return error


def _close_tasks(futures: Futures, watch: CancelWatch, why: str) -> None:
    """When the stages that run have noticed that the job is over, tell of those that did not begin."""
    ended = wait([future.wrapped_future for future in futures.values()]).done
    if not all(cast(State[Any], future.result()).is_final() for future in ended if not future.exception()):
        watch.close_tasks(len(futures), why)


def _tell(job: Job, told: float) -> float:
    """Bring the manifest up to date, now and then, so that a job that is killed tells how far it came."""
    if time.monotonic() - told < _MANIFEST_EVERY:
        return told
    write_manifest(job, "running")
    return time.monotonic()


def _end(job: Job, id: str, state: State[Any]) -> StagewrightError | None:
    """Put the end of a stage on the board; its error, if it failed by itself."""
    if state.is_completed():
        result: StageResult = state.result(_sync=True)  # type: ignore[call-overload]  # no overload has _sync
        if result.kept:  # else the stage's own task has said so
            job.board.end(id, result)
        return None
    if state.name == SKIPPED or state.is_pending():  # Prefect leaves what waits for a cancelled one Pending
        job.board.skip(id)
        return None
    if state.is_cancelled():
        job.board.fail(id, "Ended, since the run was to stop.")
        return None
    found = state.result(raise_on_failure=False, _sync=True)  # type: ignore[call-overload]  # likewise
    error = _as_error(id, found, state)
    job.board.fail(id, str(error))
    return error


def _as_error(id: str, found: Any, state: State[Any]) -> StagewrightError:
    if isinstance(found, StagewrightError):
        return found
    what = f"{type(found).__name__}: {found}" if isinstance(found, BaseException) else state.message or state.name
    return StageFailed(f"Stage {id!r} did not end well: {what}", stage=id)


def _close(job: Job, artifacts: Artifacts, error: StagewrightError | None) -> dict[str, Any]:
    if isinstance(error, StoreError):
        raise error  # the store is what failed: there is nowhere to tell it
    files = [] if error else publish_files(job)
    state = "cancelled" if job.cancelled else "failed" if error else "done"
    more = {"ended": now(), "files": files, "outputs": outputs(job), "error": str(error) if error else None}
    write_manifest(job, state, **more)
    artifacts.of_job(files)
    return job.manifest(state, **more)


def _close_crashed(job: Job, problem: BaseException) -> None:
    """The end of a job that was stopped or met what nobody foresaw; of a job without a store it is told later."""
    told = _why(job, problem)
    waits = "Stopped; waiting for the item at hand (Ctrl-C again: at once)."
    job.board.close(waits if isinstance(problem, KeyboardInterrupt) else told)
    try:
        if isinstance(problem, StoreError):
            raise problem
        state = "cancelled" if job.cancelled else "crashed"
        write_manifest(job, state, ended=now(), files=[], outputs={}, error=told)
    except StagewrightError:
        if job.board.flow_run_id:
            mark_untold(job.settings, job.board.flow_run_id, told)


def _why(job: Job, problem: BaseException) -> str:
    if isinstance(problem, KeyboardInterrupt):
        return "The job was stopped."
    if isinstance(problem, TerminationSignal):
        return "The run was cancelled." if job.cancelled else "The process was told to end (SIGTERM)."
    return f"{type(problem).__name__}: {problem}"
