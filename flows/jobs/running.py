"""Which runs of this machine are under way, so that one whose process vanished can be told from one that works.

A run leaves `$STAGEWRIGHT_HOME/running/<flow run id>.json` until its end is told, in Prefect and in the store. What is
there without its process was killed, or could not tell: the next command gives such runs their truthful end.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from flows.connections import connections, outside_store, read_local
from flows.jobs.publish import job_key
from flows.settings import Settings
from stages.core.errors import ObjectMissing, StagewrightError, UsageError
from stages.core.objects import ObjectStore

_VANISHED = "The process that ran the job vanished."


@dataclass(frozen=True)
class UntoldRun:
    """A run whose process is gone; `why` is the end that it could not tell, None where it told nothing at all."""

    file: Path
    flow_run_id: str
    job_id: str
    services: list[str]
    why: str | None


def mark_running(settings: Settings, flow_run_id: str, job_id: str) -> None:
    """Say that this process runs the job. Raises UsageError where another one runs a job of that id."""
    for other in _marks(settings):
        if other["job_id"] == job_id and other["flow_run_id"] != flow_run_id and _lives(other):
            raise UsageError(f"A job {job_id!r} is running already (process {other['pid']}); give this one another id.")
    process = psutil.Process()
    told = {
        "host": socket.gethostname(),
        "pid": process.pid,
        "created": process.create_time(),
        "flow_run_id": flow_run_id,
        "job_id": job_id,
        "services": _services(settings),
        "why": None,
    }
    file = _file(settings, flow_run_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(told))


def mark_untold(settings: Settings, flow_run_id: str, why: str) -> None:
    """Say that the job has ended, but its manifest could not be told so."""
    file = _file(settings, flow_run_id)
    file.write_text(json.dumps(json.loads(file.read_text()) | {"why": why}))


def unmark(settings: Settings, flow_run_id: str) -> None:
    """Prefect knows how the run ended; so does the store, unless it was marked as untold."""
    file = _file(settings, flow_run_id)
    if file.exists() and json.loads(file.read_text())["why"] is None:
        file.unlink(missing_ok=True)


def untold_runs(settings: Settings) -> list[UntoldRun]:
    """The runs of this machine whose process is gone and whose end is not told."""
    return [
        UntoldRun(
            _file(settings, told["flow_run_id"]), told["flow_run_id"], told["job_id"], told["services"], told["why"]
        )
        for told in _marks(settings)
        if not _lives(told)
    ]


def tell_ends(settings: Settings) -> list[str]:
    """Give untold runs of the services in use their end, in Prefect and in their manifests; a sentence for each."""
    from flows.jobs.crashed import mark_crashed

    said = []
    for run in untold_runs(settings):
        if run.services == _services(settings):
            in_prefect = mark_crashed(run.flow_run_id)
            in_store = _close_manifest(ObjectStore(connections(settings).store), run.job_id, run.why or _VANISHED)
            run.file.unlink(missing_ok=True)
            if run.why is None and (in_prefect or in_store):
                said.append(f"Job {run.job_id} had vanished while it ran; it is marked as crashed.")
            elif in_store:
                said.append(f"Job {run.job_id} had ended while the store was away; its manifest is complete now.")
    return said


def _marks(settings: Settings) -> list[dict[str, Any]]:
    """All marks of this machine; a home may be shared with others."""
    found = []
    for file in (settings.home / "running").glob("*.json"):
        try:
            found.append(json.loads(file.read_text()))
        except (OSError, ValueError):  # just being written, or gone
            continue
    return [told for told in found if told.get("host") == socket.gethostname()]


def _file(settings: Settings, flow_run_id: str) -> Path:
    return settings.home / "running" / f"{flow_run_id}.json"


def _services(settings: Settings) -> list[str]:
    """Server and store of this process; local ones by that word, since their ports may change."""
    server = settings.prefect_api_url
    if server in (None, read_local(settings).get("prefect", {}).get("api_url")):
        server = "local"
    store = outside_store(settings)
    return [str(server), f"{store.endpoint or ''} {store.url}" if store else "local"]


def _lives(told: dict[str, Any]) -> bool:
    try:
        return bool(abs(psutil.Process(told["pid"]).create_time() - told["created"]) < 1)
    except psutil.NoSuchProcess:
        return False


def _close_manifest(store: ObjectStore, job_id: str, why: str) -> bool:
    """Whether there was something to close."""
    from flows.jobs.job import now

    key = job_key(job_id, "manifest.json")
    try:
        manifest = json.loads(store.get(key))
    except ObjectMissing:
        return False
    except (ValueError, StagewrightError):
        return False
    if manifest.get("state") != "running":
        return False
    ends = {"running": "failed", "waiting": "skipped"}
    for stage in manifest.get("stages", []):
        stage["status"] = ends.get(stage["status"], stage["status"])
    told = {"state": "crashed", "ended": now(), "error": why}
    store.put(key, json.dumps(manifest | told, indent=1, ensure_ascii=False).encode(), "application/json")
    return True
