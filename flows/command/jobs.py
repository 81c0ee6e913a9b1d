"""`stagewright jobs`, `show`, `open`: what is left of jobs in the store."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flows.command.output import print_json, say, table
from flows.command.starting import open_store, ready
from flows.jobs.job import check_job_id
from flows.jobs.publish import job_key
from flows.settings import Settings
from flows.units import figure, readable_bytes, readable_seconds
from stages.core.blobs import BlobStore, blob_key
from stages.core.checkpoints import Checkpoints
from stages.core.errors import ObjectMissing, UsageError
from stages.core.objects import ObjectStore
from stages.core.suggest import did_you_mean, nearest

_DATED = re.compile(r"\d{8}-\d{6}-")


def show_jobs(limit: int, as_json: bool) -> int:
    """The newest jobs."""
    settings, blobs = open_store(say)
    _tell_ends(settings)
    found = _newest(blobs.store, limit)
    if as_json:
        print_json(found)
    elif not found:
        say("No jobs yet. Start one with: stagewright run brand-exposure --input video=FILE")
    else:
        table(("job", "state", "started", "input"), [_row(manifest) for manifest in found])
    return 0


def show_job(job: str, stage: str | None, as_json: bool) -> int:
    """One job, or the stored result of one of its stages."""
    settings, blobs = open_store(say)
    _tell_ends(settings)
    manifest = _find(blobs.store, job)
    if stage is not None:
        return _show_stage(blobs, manifest, stage, as_json)
    if as_json:
        print_json(manifest)
        return 0
    print(f"{manifest['job_id']}: {manifest['profile']}, {manifest['state']}")
    if manifest.get("label"):
        print(manifest["label"])
    print(f"started {manifest['started']} on {manifest['machine']}, ended {manifest.get('ended', '-')}")
    for key, told in manifest["inputs"].items():
        print(f"{key} = {told['uri']}")
    if manifest.get("error"):
        print(f"error: {manifest['error']}")
    table(("stage", "status", "time", "size", "result"), [_stage_row(s) for s in manifest["stages"]])
    return 0


def open_report(job: str, browser: bool) -> int:
    """Where the report is, and the browser on it. Raises UsageError for a job without one."""
    settings, blobs = open_store(say)
    manifest = _find(blobs.store, job)
    name = next((name for name in manifest.get("files", []) if name.endswith(".html")), None)
    if name is None:
        raise UsageError(f"Job {manifest['job_id']} ({manifest['state']}) left no report.", job_id=job)
    local = settings.home / "jobs" / manifest["job_id"] / name
    address = local.as_uri() if local.exists() else blobs.store.presigned(job_key(manifest["job_id"], name))
    print(address)
    if browser and sys.stdout.isatty():
        import webbrowser

        webbrowser.open(address)
    return 0


def _show_stage(blobs: BlobStore, manifest: dict[str, Any], id: str, as_json: bool) -> int:
    stages = {stage["id"]: stage for stage in manifest["stages"]}
    if id not in stages:
        raise UsageError(f"Job {manifest['job_id']} has no stage {id!r}{did_you_mean(id, stages)}", stage=id)
    if not (key := stages[id]["key"]):
        status = stages[id]["status"]
        raise UsageError(f"Stage {id!r} of job {manifest['job_id']} left no result: {status}.", stage=id)
    envelope = Checkpoints(blobs).read(key)
    if envelope is None:
        raise UsageError(f"The result of {id!r} is no longer in the store (results/{key}).", stage=id)
    if as_json:
        print_json(json.loads(envelope.to_bytes()))
        return 0
    print(f"{id} ({envelope.stage} {envelope.version}), made {envelope.made} by job {envelope.job}")
    size = f", {readable_bytes(envelope.size)} in {len(envelope.blobs)} blob(s)" if envelope.blobs else ""
    print(f"{readable_seconds(envelope.seconds)}{size}")
    for title, content in (("settings", envelope.settings), ("reads", envelope.reads), ("metrics", envelope.metrics)):
        if content:
            print(f"{title}: {json.dumps(content, ensure_ascii=False)}")
    for name, value in envelope.writes.items():
        print(f"writes {name}: {value.type or 'any'} {value.digest[:19]}… {_figures(envelope.summary.get(name, {}))}")
    for file in envelope.files:
        print(_file_line(file, blobs.store))
    if envelope.failed:
        print(f"failed items: {envelope.failed['count']}; the first: {envelope.failed['items'][0]['message']}")
    return 0


def _file_line(file: Mapping[str, Any], store: ObjectStore) -> str:
    """A file that the stage logged, with an address that works for an hour."""
    size = readable_bytes(file["blob"]["size"]) or "empty"
    address = store.presigned(blob_key(file["blob"]["blob"]), name=file["name"])
    return f"file {file['name']}: {file['event']}, {size}, {address}"


def _figures(summary: dict[str, Any]) -> str:
    return ", ".join(figure(name, value) for name, value in summary.items())


def _tell_ends(settings: Settings) -> None:
    from flows.jobs.running import tell_ends, untold_runs

    if untold_runs(settings):
        ready(say)
        for said in tell_ends(settings):
            say(said)


def _newest(store: ObjectStore, limit: int) -> list[dict[str, Any]]:
    """The manifests of the newest jobs. Ids begin with their time; those that a user chose are all looked at."""
    ids = _ids(store)
    dated = sorted((id for id in ids if _DATED.match(id)), reverse=True)[:limit]
    with ThreadPoolExecutor(16) as pool:
        read = pool.map(lambda id: _manifest(store, id), [*dated, *(id for id in ids if not _DATED.match(id))])
        found = [manifest for manifest in read if manifest]
    return sorted(found, key=lambda manifest: str(manifest["started"]), reverse=True)[:limit]


def _ids(store: ObjectStore) -> list[str]:
    return [key.split("/")[1] for key in store.list("jobs/", folders=True)]


def _manifest(store: ObjectStore, job_id: str) -> dict[str, Any] | None:
    try:
        found = json.loads(store.get(job_key(job_id, "manifest.json")))
    except (ObjectMissing, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _find(store: ObjectStore, job: str) -> dict[str, Any]:
    if job == "last":
        if newest := _newest(store, 1):
            return newest[0]
        raise UsageError("There are no jobs yet. Start one with: stagewright run brand-exposure --input video=FILE")
    if (manifest := _manifest(store, check_job_id(job))) is not None:
        return manifest
    close = nearest(job, _ids(store))
    hint = f" Did you mean {close}?" if close else ""
    raise UsageError(f"There is no job {job!r} in the store.{hint} `stagewright jobs` lists them.", job_id=job)


def _row(manifest: dict[str, Any]) -> tuple[str, str, str, str]:
    inputs = ", ".join(told["uri"] for told in manifest["inputs"].values())
    return manifest["job_id"], manifest["state"], manifest["started"][:19].replace("T", " "), inputs


def _stage_row(stage: dict[str, Any]) -> tuple[str, str, str, str, str]:
    time, size = readable_seconds(stage["seconds"]), readable_bytes(stage["bytes"])
    return stage["id"], stage["status"], time, size, stage["error"] or stage["key"] or ""
