"""The flow `watch`: looks once at a folder of a bucket. A schedule makes a watch of it."""

from __future__ import annotations

import logging
from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact
from pydantic import Field

from flows.connections import open_blobs
from flows.settings import read_settings
from flows.watch.folder import Folder, folder_uri
from flows.watch.ledger import Ledger
from flows.watch.look import Sight, Wanted, Watch
from flows.watch.note import watch_id
from flows.watch.runs import runs_of
from flows.watch.summary import rows, sentence, summary

VIDEOS = [".mp4", ".mov", ".mkv", ".m4v", ".avi", ".webm", ".mxf", ".ts"]

Name = Annotated[str, Field(min_length=1)]


@flow(
    name="watch",
    description="Starts a deployment for every new object of a folder, and notes how its runs ended.",
    flow_run_name="{prefix} to {deployment}",
    persist_result=False,
)
def watch(
    prefix: Name,
    deployment: Annotated[str, Field(pattern="^[^/]+/[^/]+$")],
    input: Name = "video",
    suffixes: list[Name] = VIDEOS,
    parameters: dict[str, Any] = {},  # noqa: B006 - Prefect's form shows it; nothing changes it
    at_most: Annotated[int, Field(ge=1, le=1000)] = 20,
    settled_seconds: Annotated[float, Field(ge=0, le=86400)] = 0,
    again: list[Name] = [],  # noqa: B006 - likewise
) -> dict[str, Any]:
    """Look once; what was seen, in figures, and the errors by address. What stands here is what the form shows.

    Args:
        prefix: The folder: `s3://bucket/folder/`, or one of the store itself, as `incoming/`
        deployment: What is started for each new object: a deployment of a profile, as `brand-exposure/default`
        input: The profile's input that is given the object's address
        suffixes: Ends of the names that count, in any case; none for all
        parameters: Further parameters of each run, as `{"match_brands": {"brands": ["NORDVIK"]}}`
        at_most: Most runs that one look starts; the rest is left to the next look (at least 1, at most 1000)
        settled_seconds: How old an object must be. S3 shows none before it is whole, so 0 will do (at most 86400)
        again: Objects to start anew, by key below the folder or by address; `all` for all that failed. For one run
            of the watch, not for its schedule
    """
    own = open_blobs(read_settings()).store
    uri = folder_uri(prefix, own.address)
    id = watch_id(uri, deployment)
    wanted = Wanted(tuple(suffixes), at_most, settled_seconds, tuple(again))
    with runs_of(deployment, input, parameters) as runs:
        sight = Watch(Folder(uri, own.address), Ledger(own, id), runs, own).look(wanted)
    _tell(sight, id, f"{uri} to {deployment}")
    return {"watch": id, "folder": uri, "deployment": deployment, **summary(sight)}


def _tell(sight: Sight, id: str, what: str) -> None:
    """In the log what this look has changed, on the run's page what there is."""
    log = get_run_logger()
    for note in sight.started:
        log.info("Started %s for %s", note.job_id, note.uri)
    for note in sight.ended:
        level = logging.WARNING if note.failed else logging.INFO
        log.log(level, "%s: %s%s", note.uri, note.state, f": {note.error}" if note.error else "")
    log.info("%s: %s", what, sentence(sight))
    if sight.started or sight.ended or not sight.notes:  # else every look would keep the same table for ever
        create_table_artifact(rows(sight), f"watch-{id}", f"{what}: {sentence(sight)}")
