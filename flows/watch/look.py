"""One look at a watched folder: what has ended is noted, what is new is started.

Every step may be the last one before a crash. A run is created under a key that follows from the object, and noted
after that; so whatever of it is repeated, by the next look or by another watcher, the server has one run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from flows.jobs.job import now
from flows.watch.ends import KnowsRuns, bring_up_to_date
from flows.watch.folder import Found
from flows.watch.ledger import Kept, Ledger
from flows.watch.note import Note, job_id_of, note_id, run_key
from stages.core.errors import UsageError
from stages.core.objects import ObjectStore
from stages.core.suggest import nearest

ALL = "all"


class Refused(UsageError):
    """The deployment does not take what it was asked to run with."""


class StartsRuns(KnowsRuns, Protocol):
    """A deployment, and the server of its runs. `asked` is a digest of what is asked of it beside the object."""

    deployment: str
    asked: str

    def start(self, uri: str, job_id: str, key: str) -> str:
        """The id of the run with that key, created where there is none. Raises Refused, ServiceError."""


class HasObjects(Protocol):
    """A folder that can be looked into."""

    def objects(self) -> Iterable[Found]:
        """All that lie there now."""


@dataclass(frozen=True)
class Wanted:
    """Which objects count, how many one look starts, and which are to be started anew (`all`: all that failed)."""

    suffixes: tuple[str, ...] = ()
    at_most: int = 20
    settled_seconds: float = 0
    again: tuple[str, ...] = ()


@dataclass
class Sight:
    """What a look has seen and done.

    there     the objects that count, by note id, without those that are done
    notes     what is noted of them now
    done      how many are done
    ignored   how many do not count, by their names
    started, ended   what this look has changed
    waiting   how many are left to a later look
    """

    there: dict[str, Found] = field(default_factory=dict)
    notes: dict[str, Note] = field(default_factory=dict)
    done: int = 0
    ignored: int = 0
    started: list[Note] = field(default_factory=list)
    ended: list[Note] = field(default_factory=list)
    waiting: int = 0


class Watch:
    """A folder, the deployment that is started for what is new in it, and what is remembered."""

    def __init__(self, folder: HasObjects, ledger: Ledger, runs: StartsRuns, store: ObjectStore) -> None:
        self._folder, self._ledger, self._runs, self._store = folder, ledger, runs, store

    def look(self, wanted: Wanted) -> Sight:
        """Look once. Raises StoreError and ServiceError, and UsageError for a name in `again` that nothing has."""
        kept, sight = self._ledger.read(), Sight()
        for note in list(bring_up_to_date(kept.open.values(), self._runs, self._store)):
            self._keep(kept, note)
            if note.state != "started":
                sight.ended.append(note)
        self._see(kept, wanted, sight)
        self._start_due(kept, wanted, sight)
        sight.notes = {id: note for id, note in kept.open.items() if id in sight.there}
        return sight

    def _see(self, kept: Kept, wanted: Wanted, sight: Sight) -> None:
        """What is there, and which of it is to be started anew."""
        asked_for: dict[str, Found] = {}
        for found in self._folder.objects():
            if not _counts(found, wanted.suffixes):
                sight.ignored += 1
                continue
            id = note_id(found.uri, found.etag)
            asked_for |= {name: found for name in (found.name, found.uri) if name in wanted.again}
            if id in kept.done:
                sight.done += 1
            else:
                sight.there[id] = found
        if unknown := set(wanted.again) - {ALL, *asked_for}:
            raise _not_there(min(unknown), sight)
        self._mark_again(kept, wanted, sight, asked_for.values())

    def _mark_again(self, kept: Kept, wanted: Wanted, sight: Sight, named: Iterable[Found]) -> None:
        chosen = {note_id(found.uri, found.etag): found for found in named}
        if ALL in wanted.again:
            chosen |= {id: sight.there[id] for id, note in kept.open.items() if note.failed and id in sight.there}
        for id, found in chosen.items():
            note = self._ledger.read_done(id) if id in kept.done else kept.open.get(id)
            if note is None or not (note.failed or note.state == "done"):
                continue  # it is new, runs, or waits to be started already
            if id not in sight.there:
                sight.there[id] = found
                sight.done -= 1
            self._keep(kept, Note(note.uri, note.etag, note.size, note.seen, "again", note.attempt + 1))

    def _start_due(self, kept: Kept, wanted: Wanted, sight: Sight) -> None:
        for note in [note for id, note in kept.open.items() if note.state == "again" and id not in sight.there]:
            gone = f"{note.uri} is gone, was overwritten or does not count any more, and could not be started again."
            self._keep(kept, refused := replace(note, state="refused", error=gone))
            sight.ended.append(refused)
        tries = 0
        for found in self._due(kept, wanted, sight):
            if found.fault is None and tries == wanted.at_most:
                sight.waiting += 1
                continue
            tries += found.fault is None
            note = self._start(found, kept.open.get(note_id(found.uri, found.etag)))
            self._keep(kept, note)
            (sight.started if note.state == "started" else sight.ended).append(note)

    def _due(self, kept: Kept, wanted: Wanted, sight: Sight) -> Iterator[Found]:
        """What is to be started, the oldest first."""
        settled = datetime.now(UTC) - timedelta(seconds=wanted.settled_seconds)
        for id, found in sorted(sight.there.items(), key=lambda item: (item[1].modified, item[1].name)):
            note = kept.open.get(id)
            if note is None and wanted.settled_seconds and found.modified > settled:
                sight.waiting += 1
            elif note is None or note.state == "again":
                yield found
            elif note.state == "refused" and note.asked not in (None, self._runs.asked):
                yield found  # by what was asked of the deployment then

    def _start(self, found: Found, note: Note | None) -> Note:
        attempt, seen = (note.attempt, note.seen) if note else (1, now())
        fresh = Note(found.uri, found.etag, found.size, seen, "started", attempt)
        if found.fault:
            return replace(fresh, state="refused", error=found.fault)
        deployment = self._runs.deployment
        job_id, key = job_id_of(deployment, found, attempt), run_key(deployment, found, attempt)
        try:
            run = self._runs.start(found.uri, job_id, key)
        except Refused as error:
            return replace(fresh, state="refused", error=str(error), asked=self._runs.asked)
        return replace(fresh, job_id=job_id, flow_run_id=run)

    def _keep(self, kept: Kept, note: Note) -> None:
        self._ledger.keep(note)
        kept.open.pop(note.id, None)
        kept.done.discard(note.id)
        if note.state == "done":
            kept.done.add(note.id)
        else:
            kept.open[note.id] = note


def _counts(found: Found, suffixes: Collection[str]) -> bool:
    return not suffixes or found.name.lower().endswith(tuple(suffix.lower() for suffix in suffixes))


def _not_there(name: str, sight: Sight) -> UsageError:
    close = nearest(name, [found.name for found in sight.there.values()])
    meant = f" Did you mean {close!r}?" if close else ""
    return UsageError(f"{name!r} cannot be started again: there is no such object, or it does not count.{meant}")
