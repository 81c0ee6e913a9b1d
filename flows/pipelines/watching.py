"""A run that was submitted, looked at from any process: how far it is, how it ended, what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from prefect.client.schemas.objects import FlowRun

from flows.executors.calls import result_of
from flows.jobs.publish import job_key
from flows.pipelines import started
from flows.pipelines.code import action_of
from flows.pipelines.ordered import Ordered
from flows.pipelines.prefect_runs import Reached, error_told, runs_of, state_of
from flows.pipelines.progress import ActionProgress, ActionStatus, PipelineProgress, RunState
from flows.settings import Settings
from stages.core.blobs import BlobStore
from stages.core.checkpoints import Checkpoints
from stages.core.errors import CheckpointError, JobStopped, ObjectMissing, StagewrightError, UsageError, WorkerLost

_BEGINS_S = 60.0
"""A run that was just submitted is known to Prefect some seconds later; a busy machine takes longer."""


class RunWatch:
    """Looks at one run. Each question asks the server anew."""

    def __init__(self, ordered: Ordered, settings: Settings, blobs: BlobStore, api_url: str) -> None:
        self._ordered, self._settings, self._blobs = ordered, settings, blobs
        self._runs, self._id = runs_of(api_url), ordered.run_id
        self._entries = ordered.read_profile().stages
        self._run: FlowRun | None = None

    def look(self) -> RunState:
        """How the run stands now. One whose process is gone is given its end in Prefect."""
        gone = started.has_ended(self._settings, self._id)  # asked first: its last word may be on the way
        self._run = self._runs.find(self._id)
        state = state_of(self._run)
        if state not in ("waiting", "running") or not gone:
            return state
        if self._run is None:
            return "failed"
        self._runs.mark_crashed(self._run)
        self._run = self._runs.find(self._id)
        return state_of(self._run)  # crashed, or cancelled where it was to end anyway

    def progress(self) -> PipelineProgress:
        """How far each action is: as the server tells while the run goes on, and then as the job's manifest does, as
        far as that was told before the run ended."""
        state, run = self.look(), self._run
        ended = state not in ("waiting", "running")
        statuses, reached = self._runs.told(run) if run is not None else ({}, {})
        errors = dict[str, str]()
        if ended:
            told, errors = self._told_at_the_end()
            ends = _ends([entry.id for entry in self._entries], statuses | told, reached)
            statuses = ends | told
            if state == "cancelled":
                statuses = {id: "cancelled" if status == "failed" else status for id, status in statuses.items()}
        actions = tuple(
            _progress(entry.id, entry.stage, statuses.get(entry.id), reached.get(entry.id), errors.get(entry.id))
            for entry in self._entries
        )
        error = str(self._error(state)) if ended and state != "done" else None
        return PipelineProgress(self._id, state, actions, error)

    def result(self) -> Any:
        """What the last action gave. Raises the error by which the run ended. To be asked when it has ended."""
        if (state := self.look()) != "done":
            raise self._error(state)
        manifest = self._manifest()
        key = manifest["stages"][-1]["key"]
        envelope = Checkpoints(self._blobs).read(key)
        if envelope is None:
            raise CheckpointError(f"The result of run {self._id} is no longer in the store (results/{key}).")
        return result_of(action_of(self._entries[-1].stage, self._ordered), envelope, self._blobs)

    def log(self) -> str:
        """The run's log as the server has it by now; before the run begins, what its process printed here."""
        run = self._runs.find(self._id)
        return self._runs.log(run) if run is not None else started.log_end(self._settings, self._id)

    def cancel(self) -> bool:
        """Tell the run to end early; False where it had ended. One that is about to begin is waited for, since nobody
        would hear it before."""
        until = time.monotonic() + _BEGINS_S
        while (state := self.look()) == "waiting":
            if time.monotonic() > until:
                raise UsageError(f"Run {self._id} does not begin, so it cannot be cancelled; see its log.")
            time.sleep(0.2)
        if state != "running" or self._run is None:
            return False
        self._runs.cancel(self._run)
        return True

    def _error(self, state: RunState) -> StagewrightError:
        if state == "cancelled":
            return JobStopped(f"Run {self._id} was cancelled.", job_id=self._id)
        if state == "failed" and self._run is not None:
            return started.error_of(*error_told(self._run))
        if noted := started.noted_error(self._settings, self._id):  # it met what no flow run can tell of
            return noted
        log = started.log_end(self._settings, self._id)
        told = f" Its log ends with:\n{log}" if log else ""
        return WorkerLost(f"The process that ran {self._id} vanished.{told}", job_id=self._id)

    def _manifest(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self._blobs.store.get(job_key(self._id, "manifest.json")))
        return found

    def _told_at_the_end(self) -> tuple[dict[str, ActionStatus], dict[str, str]]:
        """Ends and errors by the manifest, which knows them when the server may not yet. Where the run could not close
        it, what it has as open may have ended since, and what closed it afterwards knew no better."""
        try:
            manifest = self._manifest()
        except ObjectMissing:  # it ended before the job was begun
            return {}, {}
        stages, closed = manifest["stages"], manifest["state"] not in ("running", "crashed")
        errors = {stage["id"]: stage["error"] for stage in stages if stage["error"]}
        known = [stage for stage in stages if closed or stage["status"] in ("ran", "kept") or stage["error"]]
        return {stage["id"]: stage["status"] for stage in known}, errors


def _ends(ids: list[str], known: Mapping[str, ActionStatus], reached: Mapping[str, Reached]) -> dict[str, ActionStatus]:
    """How the actions of a run that is over ended, by what is known of them. Of a run that was killed the server may
    not have heard the last ends, and it has what only waited as crashed too; but an action begins when the one before
    it has ended well."""
    well = ("ran", "kept")
    ended = max(
        n + (known.get(id) in well) for n, id in enumerate(ids) if not n or id in reached or known.get(id) in well
    )
    ends: dict[str, ActionStatus] = {id: "kept" if known.get(id) == "kept" else "ran" for id in ids[:ended]}
    for id in ids[ended:]:
        cut_short = id == ids[ended] and (id in reached or known.get(id) in ("running", "failed", "cancelled"))
        ends[id] = "failed" if cut_short else "skipped"
    return ends


def _progress(
    id: str, stage: str, status: ActionStatus | None, reached: Reached | None, error: str | None
) -> ActionProgress:
    if status is None or status == "waiting":  # what it says itself comes sooner than the state of its task
        status = "running" if reached else "waiting"
    share = 1.0 if status in ("ran", "kept") else reached.share if reached else 0.0
    return ActionProgress(id, stage, status, share, reached.category if reached else None, error)
