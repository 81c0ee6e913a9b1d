"""What a watch has seen: one small object in the store for each object of the folder, below `watch/<id of the watch>/`.

`done/<id>.json` are those whose run was completed, `open/<id>.json` all others: their run has not ended, or somebody
should look at them. So a look reads what is open, and of what is done the names only.

A note is written after its run was created, and the server knows the run by a key that follows from the object: a note
that was lost starts nothing twice, and of two watchers that write the same note either may be the last.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath

from flows.watch.note import Note
from stages.core.errors import ObjectMissing
from stages.core.objects import ObjectStore

_READERS = 8  # requests at a time


@dataclass
class Kept:
    """What is remembered: the notes that are open by id, and the ids of what is done."""

    open: dict[str, Note]
    done: set[str]


class Ledger:
    """The notes of one watch. Raises StoreError, and CheckpointError for a note that is none."""

    def __init__(self, store: ObjectStore, watch: str) -> None:
        self.root = f"watch/{watch}/"
        self._store = store

    def read(self) -> Kept:
        """All there is. A note that lies in both places is taken from where it does not belong."""
        ids = self._ids("open")  # before what is done: what is moved meanwhile is then in one of them at least
        done = self._ids("done")
        notes = self._read("open", ids)
        kept = Kept(notes, done | (ids - notes.keys()))
        for id in notes.keys() & done:
            self._settle(kept, id)
        return kept

    def read_done(self, id: str) -> Note | None:
        """A note of what is done."""
        return self._read("done", [id]).get(id)

    def keep(self, note: Note) -> None:
        """Write it where it belongs, then take it from where it does not: a crash in between leaves it in both."""
        place, other = ("done", "open") if note.state == "done" else ("open", "done")
        self._store.put(self._key(place, note.id), note.to_bytes(), "application/json")
        if note.state in ("done", "again"):  # nothing else ever moves
            self._store.delete(self._key(other, note.id))

    def _settle(self, kept: Kept, id: str) -> None:
        ended = self.read_done(id)
        if ended is None or kept.open[id].attempt > ended.attempt:  # it was asked for again
            self._store.delete(self._key("done", id))
            kept.done.discard(id)
        else:
            self._store.delete(self._key("open", id))
            del kept.open[id]

    def _ids(self, place: str) -> set[str]:
        return {PurePosixPath(key).stem for key in self._store.list(f"{self.root}{place}/")}

    def _read(self, place: str, ids: Iterable[str]) -> dict[str, Note]:
        """Those that are still there: another watcher may move them at any time."""
        with ThreadPoolExecutor(_READERS) as readers:
            found = readers.map(lambda id: self._note(self._key(place, id)), sorted(ids))
            return {note.id: note for note in found if note is not None}

    def _note(self, key: str) -> Note | None:
        try:
            return Note.from_bytes(self._store.get(key), self._store.address.url + key)
        except ObjectMissing:
            return None

    def _key(self, place: str, id: str) -> str:
        return f"{self.root}{place}/{id}.json"
