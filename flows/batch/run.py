"""A batch inside its flow run: its items as jobs, what is told of them meanwhile, and what is left of it all."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress

from prefect.artifacts import create_table_artifact

from flows.assemble import assemble
from flows.batch.carry_out import Carrying, Work
from flows.batch.following import tell
from flows.batch.item import Batch, Item, State, sentence
from flows.batch.job_runs import JobRuns
from flows.batch.ledger import Ledger
from flows.batch.memory import GivingBack, few_heaps
from flows.batch.order import Order, batch_of, overridden
from flows.batch.summary import files, rows
from flows.batch.unchanged import unchanged
from flows.connections import open_blobs
from flows.graph.plan import Plan
from flows.graph.planning import plan_profile
from flows.jobs.job import now
from flows.jobs.listings import with_listings
from flows.jobs.runners import task_runner
from flows.jobs.running import mark_running
from flows.places.names import THREADS
from flows.profiles.model import Profile
from flows.settings import Settings, read_settings
from stages.core.blobs import BlobStore
from stages.core.errors import InputError, JobStopped, ServiceError, StagewrightError
from stages.core.objects import ObjectStore


def run_batch(profile: Profile, order: Order, runner: str, flow_run_id: str, say: Callable[[str], None]) -> Batch:
    """The batch, run to its end, whatever became of its items; `profile` is without the order's settings. Raises what
    keeps it from beginning, and the error of a service that ended it; JobStopped where it was cancelled."""
    settings, memory = read_settings(), GivingBack()
    few_heaps()
    blobs = open_blobs(settings)
    ledger = Ledger(blobs.store, settings)
    batch, chosen, twice = batch_of(profile, order, ledger)
    profile = overridden(profile, batch, order)
    plan, flow = with_listings(plan_profile(profile)), assemble(profile, runner)
    mark_running(settings, flow_run_id, batch.batch_id)
    batch.flow_run_id = flow_run_id
    say(f"Batch {batch.batch_id}: {len(chosen)} of {len(batch.items)} inputs, {order.at_once} at once.")
    if twice:
        say(f"{twice} more were named twice; each is run once.")
    ledger.open(batch)
    tell(batch)
    try:
        with _connected(runner), JobRuns(flow, batch.batch_id) as runs:
            work = _work(batch, plan, runs, settings, blobs)
            carrying = Carrying(work, runs.is_cancelled, runs.cancel, lambda error: _is_of_services(error, blobs.store))
            for item in carrying.run(chosen, order.at_once):
                tell(batch, item)
                if item.state in ("done", "failed"):
                    memory.after_job()
                ledger.bring_up_to_date(batch)
    finally:
        _close(batch, ledger)
        tell(batch)
    if carrying.fatal:
        raise carrying.fatal
    if carrying.stopped:
        raise JobStopped(f"Batch {batch.batch_id} was cancelled.")
    return batch


def _work(batch: Batch, plan: Plan, runs: JobRuns, settings: Settings, blobs: BlobStore) -> Work:
    def work(item: Item) -> State:
        _check_name(item.input)
        addresses = batch.addresses(item)
        kept = unchanged(plan, item.job_id, addresses, batch.label, settings, blobs)
        manifest = kept or runs.run(item.job_id, addresses, batch.label)
        item.page = next((name for name in manifest["files"] if name.endswith(".html")), None)
        return "kept" if kept else "done"

    return work


@contextmanager
def _connected(runner: str) -> Iterator[None]:
    """Connected to Ray, where jobs need it, as long as the batch lasts: it takes each of them seconds else."""
    with task_runner(runner) if runner != THREADS else nullcontext():
        yield


def _close(batch: Batch, ledger: Ledger) -> None:
    """Say how it ended, and leave its files. The error of a store that is gone is told by what met it first."""
    states = {item.state for item in batch.items}
    batch.state = "stopped" if states & {"waiting", "running"} else "failed" if "failed" in states else "done"
    batch.ended = now()
    with suppress(ServiceError) if sys.exc_info()[0] else nullcontext():
        for name, (data, media_type) in files(batch).items():
            ledger.write(batch, name, data, media_type)
            batch.files = list(dict.fromkeys([*batch.files, name]))
        ledger.keep(batch)
    create_table_artifact(rows(batch), f"batch-{batch.batch_id}".lower().replace("_", "-"), _description(batch))


def _description(batch: Batch) -> str:
    return f"{sentence(batch)}. Each job is a run with the tag `{batch.batch_id}` that is called by the job's id."


def _check_name(address: str) -> None:
    try:
        address.encode()
    except UnicodeEncodeError:
        raise InputError(f"{address!r} is no UTF-8 text, as addresses must be. Give it another name.") from None


def _is_of_services(error: BaseException, store: ObjectStore) -> bool:
    """Whether it comes from the store or the Prefect server, so that no other job could run either."""
    if isinstance(error, StagewrightError):
        return isinstance(error, ServiceError) and _is_away(store)
    return type(error).__module__.split(".")[0] in ("httpx", "httpcore") or "Failed to reach API" in str(error)


def _is_away(store: ObjectStore) -> bool:
    try:
        store.check()
    except ServiceError:
        return True
    return False
