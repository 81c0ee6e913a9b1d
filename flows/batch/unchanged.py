"""Whether a job is still what running it again would make it. Only small objects are read, and Prefect is not asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.graph.plan import Plan
from flows.jobs.job import Job, open_job
from flows.jobs.publish import job_key
from flows.jobs.stage_work import StageWork
from flows.settings import Settings
from stages.core.blobs import BlobStore
from stages.core.errors import CheckpointError, InputError, ObjectMissing
from stages.core.results import StageResult


def unchanged(
    plan: Plan, job_id: str, addresses: Mapping[str, str], label: str, settings: Settings, blobs: BlobStore
) -> dict[str, Any] | None:
    """The manifest of a job that is done, if every stage would be kept under the key that it tells; else None.

    Its files are brought to this machine where they are not here. Raises StoreError.
    """
    manifest = _done(job_id, blobs)
    if manifest is None or manifest.get("label") != label:  # a label stands in the report
        return None
    try:
        job = open_job(plan, job_id, addresses, settings, blobs)
    except InputError:
        return None  # the job itself says it best
    try:
        if not _all_kept(job, {stage["id"]: stage["key"] for stage in manifest["stages"]}):
            return None
        _bring_files(job, manifest["files"])
    except (ObjectMissing, CheckpointError):
        return None  # likewise
    finally:
        job.place.close()
    return manifest


def _done(job_id: str, blobs: BlobStore) -> dict[str, Any] | None:
    try:
        manifest = json.loads(blobs.store.get(job_key(job_id, "manifest.json")))
    except (ObjectMissing, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and manifest.get("state") == "done" else None


def _all_kept(job: Job, keys: Mapping[str, str | None]) -> bool:
    results: dict[str, StageResult] = {}
    for planned in job.plan.stages:
        found = StageWork(job, planned, refresh=False).kept(results)
        if found is None or found.envelope.key != keys.get(planned.id):
            return False
        results[planned.id] = found
    return set(results) == {id for id, key in keys.items() if key}


def _bring_files(job: Job, names: list[str]) -> None:
    for name in names:
        path = job.folder / Path(name).name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(job.blobs.store.get(job_key(job.job_id, name)))
