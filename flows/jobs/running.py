"""Which runs of this machine are under way, so that one whose process vanished can be told from one that works.

A run leaves `$STAGEWRIGHT_HOME/running/<flow run id>.json` while its process lives. What is there without its process
was killed: the next command that talks to Prefect gives such runs their truthful end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from flows.jobs.job import Job, now
from flows.jobs.publish import job_key
from flows.settings import Settings
from stages.core.errors import ObjectMissing, StagewrightError, StoreError
from stages.core.objects import ObjectStore


@dataclass(frozen=True)
class VanishedRun:
    """A run whose process is gone."""

    file: Path
    flow_run_id: str
    job_id: str
    api_url: str


@contextmanager
def mark_running(job: Job) -> Iterator[None]:
    """Say that this process runs the job, as long as it does."""
    folder = job.settings.home / "running"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{job.board.flow_run_id or job.job_id}.json"
    process = psutil.Process()
    file.write_text(
        json.dumps(
            {
                "pid": process.pid,
                "created": process.create_time(),
                "flow_run_id": job.board.flow_run_id,
                "job_id": job.job_id,
                "api_url": job.env.get("PREFECT_API_URL", ""),
            }
        )
    )
    try:
        yield
    except StoreError:  # its end could not be told; whoever finds the store again tells it
        raise
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    file.unlink(missing_ok=True)


def vanished_runs(settings: Settings) -> list[VanishedRun]:
    """The runs of this machine whose process is gone."""
    found = []
    for file in (settings.home / "running").glob("*.json"):
        try:
            told = json.loads(file.read_text())
        except (OSError, ValueError):
            continue
        if not _lives(told) and told.get("flow_run_id"):
            found.append(VanishedRun(file, told["flow_run_id"], told["job_id"], told["api_url"]))
    return found


def _lives(told: dict[str, Any]) -> bool:
    try:
        return bool(abs(psutil.Process(told["pid"]).create_time() - told["created"]) < 1)
    except psutil.NoSuchProcess:
        return False


def close_vanished(settings: Settings, store: ObjectStore, api_url: str) -> list[str]:
    """Give vanished runs their end, in Prefect and in their manifests; their job ids."""
    closed = []
    for run in vanished_runs(settings):
        if run.api_url == api_url:
            from flows.jobs.crashed import mark_crashed

            mark_crashed(run.flow_run_id)
            _close_manifest(store, run.job_id)
            run.file.unlink(missing_ok=True)
            closed.append(run.job_id)
    return closed


def _close_manifest(store: ObjectStore, job_id: str) -> None:
    key = job_key(job_id, "manifest.json")
    try:
        manifest = json.loads(store.get(key))
    except ObjectMissing:
        return
    except (ValueError, StagewrightError):
        return
    if manifest.get("state") == "running":
        told = {"state": "crashed", "ended": now(), "error": "The process that ran the job vanished."}
        store.put(key, json.dumps(manifest | told, indent=1, ensure_ascii=False).encode(), "application/json")
