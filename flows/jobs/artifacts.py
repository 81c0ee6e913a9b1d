"""What the run page in the Prefect UI shows of a job: progress and result of each stage, a summary, the report.

Calls of the API take some 8 ms each, so they are made by one thread beside the work, and progress is throttled.
"""

from __future__ import annotations

import json
import logging
import queue
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Self, cast
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.context import FlowRunContext, TaskRunContext

from flows.jobs.board import Board, StageStatus
from flows.jobs.job import Job
from flows.jobs.publish import job_key
from flows.jobs.result_page import cell, file_lines, metric_rows
from flows.units import figure, readable_bytes, readable_seconds

_EVERY = 2.0  # seconds between two updates of one stage's progress
_LINK_LASTS = 7 * 24 * 3600  # seconds; the longest that S3 signs for

Call = Callable[[SyncPrefectClient], None]


class Artifacts:
    """Publishes a job's artifacts while it runs; leaving the context waits until all are there.

    An artifact that cannot be published is logged and does not fail the job: the results are in the store.
    """

    def __init__(self, job: Job) -> None:
        self._job, self._calls = job, queue.SimpleQueue[Call | None]()
        context = FlowRunContext.get()
        assert context is not None
        assert context.flow_run is not None
        self._client = cast(SyncPrefectClient, context.client)  # ours is a plain function, so its client is too
        self._flow_run = context.flow_run.id
        self._progress: dict[str, UUID] = {}
        self._told: dict[str, float] = {}
        self._thread = threading.Thread(target=self._work, name="artifacts", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._job.board.listen(self._on_change)
        return self

    def __exit__(self, *exc: object) -> None:
        self._calls.put(None)
        self._thread.join(timeout=20)

    def of_stage(self, stage: StageStatus, task_run: UUID) -> None:
        """The result of a stage that has ended: ran or kept, counts, sizes, time, where it lies."""
        if stage.id in self._told and stage.status == "ran":
            self._calls.put(lambda client: self._update(client, stage.id, 100.0, progress_told(stage.id)))
        if stage.status != "skipped":
            self._create(
                "result", stage.id, task_run, type="markdown", data=self._result_text(stage), description=_brief(stage)
            )

    def of_job(self, files: list[str]) -> None:
        """The table of all stages, and links to the report and its tables where there are some."""
        stages = [*self._job.board.stages.values()]
        rows = json.dumps(_table(stages))  # as text, as Prefect's own function gives it: the UI parses it
        self._create("summary", "", None, type="table", data=rows, description=self._ends(stages))
        pages = [name for name in files if name.endswith(".html")]
        if pages:
            links = ", ".join(self._link(name) for name in pages)
            tables = ", ".join(self._link(name) for name in files if name.endswith((".csv", ".json")))
            lines = [f"## {links}", f"The same as tables: {tables}" if tables else "", "Links work for 7 days."]
            told = f"{links} of job {cell(self._job.job_id)}"  # the UI shows the latest above those of other jobs
            self._create("report", "", None, type="markdown", data="\n\n".join(filter(None, lines)), description=told)

    def _link(self, name: str) -> str:
        return f"[{name}]({self._job.blobs.store.presigned(job_key(self._job.job_id, name), _LINK_LASTS)})"

    def _ends(self, stages: Sequence[StageStatus]) -> str:
        counts = Counter(stage.status for stage in stages)
        return f"Job {cell(self._job.job_id)}: " + ", ".join(f"{count} {status}" for status, count in counts.items())

    def _on_change(self, board: Board, stage: StageStatus) -> None:
        if stage.status != "running" or not stage.total:
            return
        last = self._told.get(stage.id)
        if last is not None and time.monotonic() - last < _EVERY:
            return
        self._told[stage.id] = time.monotonic()
        share, told = min(100.0, 100.0 * stage.current / stage.total), progress_told(stage.id, stage.category)
        if last is None:
            run = TaskRunContext.get()
            self._start_progress(stage.id, run.task_run.id if run else None, share, told)
        else:
            self._calls.put(lambda client: self._update(client, stage.id, share, told))

    def _start_progress(self, id: str, task_run: UUID | None, share: float, told: str) -> None:
        def create(client: SyncPrefectClient) -> None:
            made = client.create_artifact(
                ArtifactCreate(
                    key=self._key("progress", id),
                    type="progress",
                    description=told,
                    data=share,
                    flow_run_id=self._flow_run,
                    task_run_id=task_run,
                )
            )
            self._progress[id] = made.id

        self._calls.put(create)

    def _update(self, client: SyncPrefectClient, id: str, share: float, told: str) -> None:
        if id in self._progress:
            client.update_artifact(self._progress[id], ArtifactUpdate(data=share, description=told))

    def _create(self, kind: str, id: str, task_run: UUID | None, **content: Any) -> None:
        told = ArtifactCreate(key=self._key(kind, id), flow_run_id=self._flow_run, task_run_id=task_run, **content)

        def create(client: SyncPrefectClient) -> None:
            client.create_artifact(told)

        self._calls.put(create)

    def _key(self, kind: str, id: str) -> str:
        return re.sub(r"[^a-z0-9]+", "-", f"{self._job.plan.profile.name}-{id}-{kind}".lower()).strip("-")

    def _work(self) -> None:
        answers = True
        while (call := self._calls.get()) is not None:
            try:
                if answers:
                    call(self._client)
            except Exception as error:  # noqa: BLE001 - whatever the API says, the work goes on
                answers = not type(error).__module__.startswith("httpx")  # gone: the client has tried for half a minute
                logging.getLogger("stagewright").warning("An artifact could not be published: %s", error)

    def _result_text(self, stage: StageStatus) -> str:
        lines = [f"**{stage.id}** {_verb(stage)}", "", "| | |", "|---|---|"]
        row = {name: value for name, value in _row(stage).items() if value and name not in ("stage", "wrote")}
        lines += [f"| {name} | {cell(value)} |" for name, value in row.items()]
        for key, figures in stage.summary.items():
            lines += [f"| {cell(key)} | {cell(', '.join(figure(k, v) for k, v in figures.items()))} |"]
        store, envelope = self._job.blobs.store, stage.result.envelope if stage.result else None
        lines += metric_rows(envelope) if envelope else []
        if stage.key:
            lines += [f"| envelope | `{store.address.url}results/{stage.key}` |"]
        lines += file_lines(envelope, lambda key, name: store.presigned(key, _LINK_LASTS, name)) if envelope else []
        return "\n".join(lines)


def progress_told(id: str, category: str | None = None) -> str:
    """What stands beside the bar of a stage, and by which programs know whose it is."""
    return f"Progress of {id}: {category}" if category else f"Progress of {id}"


def _verb(stage: StageStatus) -> str:
    return {"kept": "was kept from an earlier run", "failed": "failed"}.get(stage.status, "ran")


def _brief(stage: StageStatus) -> str:
    """In two lines that fit on a card of the UI: how it ended, and what it wrote."""
    how = [stage.status, _spent(stage), readable_bytes(stage.bytes)]
    if stage.failed_items:
        how.append(f"{stage.failed_items} failed items")
    first = cell(" · ".join(filter(None, how)))
    return "  \n".join(filter(None, [f"**{stage.id}** {first}", cell(stage.error or _wrote(stage))]))


def _spent(stage: StageStatus) -> str:
    """Nothing where it did not run now: what a kept one took is long ago."""
    return readable_seconds(stage.seconds) if stage.status in ("ran", "failed") else ""


def _wrote(stage: StageStatus) -> str:
    return ", ".join(dict.fromkeys(figure(k, v) for part in stage.summary.values() for k, v in part.items()))


def _table(stages: Sequence[StageStatus]) -> list[dict[str, Any]]:
    """A row for each stage, all with the same columns; a column that would be empty is left out."""
    rows = [_row(stage) for stage in stages]
    filled = [name for name in rows[0] if any(row[name] for row in rows)]
    return [{name: row[name] or "" for name in filled} for row in rows]


def _row(stage: StageStatus) -> dict[str, Any]:
    return {
        "stage": stage.id,
        "status": stage.status,
        "time": _spent(stage),
        "size": readable_bytes(stage.bytes),
        "wrote": _wrote(stage),
        "failed items": stage.failed_items,
        "error": stage.error,
    }
