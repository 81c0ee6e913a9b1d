"""How the runs of open notes have ended: as the server says, else as the job itself has left word of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from flows.jobs.publish import job_key
from flows.watch.note import Note, State
from stages.core.errors import ObjectMissing
from stages.core.objects import ObjectStore

_OF_JOBS: dict[str, State] = {"done": "done", "failed": "failed", "crashed": "crashed", "cancelled": "cancelled"}


@dataclass(frozen=True)
class RunEnd:
    """The state of a run, `started` as long as it has not ended; its error and time, where it has."""

    state: State
    error: str | None = None
    ended: str | None = None


class KnowsRuns(Protocol):
    """The server of runs, or what stands for it."""

    def ends(self, flow_run_ids: Collection[str]) -> Mapping[str, RunEnd]:
        """What became of these runs; those that it does not know are left out."""


def bring_up_to_date(notes: Iterable[Note], runs: KnowsRuns, store: ObjectStore) -> Iterator[Note]:
    """The notes that say something else than is so now. What has failed may run again: the UI has a button for it."""
    known = [note for note in notes if note.flow_run_id and note.state not in ("again", "refused")]
    told = runs.ends([str(note.flow_run_id) for note in known])
    for note in known:
        end = told.get(str(note.flow_run_id)) or _by_manifest(note, store)
        now = replace(note, state=end.state, error=end.error, ended=end.ended)
        if now != note:
            yield now


def _by_manifest(note: Note, store: ObjectStore) -> RunEnd:
    """The end of a run that the server does not know any more: its database is another, or was cleared."""
    if note.state not in ("started", "crashed"):
        return RunEnd(note.state, note.error, note.ended)
    key = job_key(str(note.job_id), "manifest.json")
    manifest = _read(store, key)
    state = _OF_JOBS.get(str(manifest.get("state")), "crashed")
    lost = f"Prefect does not know its run any more, and {key} tells of no end. Name it in `again` to start it anew."
    if manifest.get("state") in _OF_JOBS:
        return RunEnd(state, manifest.get("error"), manifest.get("ended"))
    return RunEnd("crashed", lost, None)


def _read(store: ObjectStore, key: str) -> dict[str, Any]:
    try:
        manifest = json.loads(store.get(key))
    except (ObjectMissing, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}
