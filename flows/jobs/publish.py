"""What a job leaves for people and programs: its folder of files, its outputs, its manifest."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.graph.plan import Source
from flows.jobs.job import Job, now
from stages.core.blobs import is_ref
from stages.core.checkpoints import envelope_key
from stages.core.datatype import DataType
from stages.core.digests import as_json
from stages.core.errors import CheckpointError, StagewrightError
from stages.core.results import StageResult
from stages.core.values import MARK

_SMALL = 10_000  # bytes of JSON that `outputs` shows as they are


def job_key(job_id: str, name: str = "") -> str:
    """Where in the bucket the files of a job lie."""
    return f"jobs/{job_id}/{name}"


def write_manifest(job: Job, state: str, **more: Any) -> None:
    """Store `jobs/<job_id>/manifest.json`."""
    data = json.dumps(job.manifest(state, **more), indent=1, ensure_ascii=False).encode()
    job.blobs.store.put(job_key(job.job_id, "manifest.json"), data, "application/json")


def publish_files(job: Job) -> list[str]:
    """Write the files of the job's outputs to its folder, in the store and on this machine; their names."""
    names: list[str] = []
    for source in job.plan.outputs.values():
        result = _result(job, source)
        if result is not None and (value := _own_type(job, result, source)) is not None:
            files = value.publish(_stamp(job), job.blobs)
            for name, data in files.items():
                _write_file(job, name, data)
            names.extend(files)
    return names


def outputs(job: Job) -> dict[str, Any]:
    """The values that no later stage reads, as `--json` shows them: small JSON as it is, the rest by its address."""
    shown: dict[str, Any] = {}
    for key, source in job.plan.outputs.items():
        result = _result(job, source)
        if result is not None:
            shown[key] = _shown(job, result, source.key)
    return shown


def _shown(job: Job, result: StageResult, key: str) -> Any:
    envelope = result.envelope
    stored = envelope.writes[key]
    for value in [stored.value] if envelope.own is None else _plain(result, key, job):
        if not _has_marks(value) and len(json.dumps(value)) <= _SMALL:
            return value
    uri = job.blobs.store.address.url + envelope_key(envelope.key)
    return {"uri": uri, "type": stored.type, "digest": stored.digest, **envelope.summary.get(key, {})}


def _plain(result: StageResult, key: str, job: Job) -> list[Any]:
    """A value that its stage keeps in a form of its own, if it is plain JSON; else nothing."""
    try:
        value = result.value(key).read(job.blobs)
        return [value] if as_json(value) == value else []
    except (TypeError, ValueError, StagewrightError):
        return []


def _has_marks(value: Any) -> bool:
    """Whether JSON stands for something that JSON is not: a blob, bytes, a number without end."""
    if isinstance(value, list):
        return any(map(_has_marks, value))
    return isinstance(value, dict) and (MARK in value or is_ref(value) or any(map(_has_marks, value.values())))


def _result(job: Job, source: Source) -> StageResult | None:
    return job.board.stages[source.stage].result if source.stage is not None else None


def _own_type(job: Job, result: StageResult, source: Source) -> DataType | None:
    """The output's value, if it is of a type that publishes files; others are not read at all."""
    declared = result.definition.write_types.get(source.key)
    if declared is None or declared.publish is DataType.publish:
        return None
    try:
        value = result.value(source.key).read(job.blobs)
    except CheckpointError as error:
        error.context.setdefault("stage", source.stage)
        raise
    return value if isinstance(value, DataType) else None


def _stamp(job: Job) -> Mapping[str, Any]:
    manifest = job.manifest("done", ended=now())
    stages = {s["id"]: {k: s[k] for k in ("status", "seconds", "bytes", "failed_items")} for s in manifest["stages"]}
    versions = {r.envelope.stage: r.envelope.version for s in job.board.stages.values() if (r := s.result)}
    return {**manifest, "inputs": dict(job.addresses), "stages": stages, "versions": versions}


def _write_file(job: Job, name: str, data: bytes) -> None:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    job.blobs.store.put(job_key(job.job_id, name), data, media_type)
    path: Path = job.folder / Path(name).name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
