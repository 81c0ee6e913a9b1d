"""A bucket, a store that may die at any step, and a server of runs that knows each key once: what a look stands on."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from flows.watch.ends import RunEnd
from flows.watch.folder import Found
from flows.watch.ledger import Ledger
from flows.watch.look import Refused, Sight, Wanted, Watch
from flows.watch.note import Note
from stages.core.scratch import ScratchStore

T = TypeVar("T")
DONE = RunEnd("done", None, "2026-11-22T10:00:00.000+00:00")


class Died(Exception):
    """The process that looked is gone."""


@dataclass
class Life:
    """How many moments a process has left: one before each thing it does, one after."""

    left: int | None = None

    def do(self, what: Callable[[], T]) -> T:
        self._moment()
        done = what()
        self._moment()
        return done

    def _moment(self) -> None:
        if self.left is not None:
            if self.left == 0:
                raise Died
            self.left -= 1


class MortalStore(ScratchStore):
    """What was written stays, whoever dies."""

    def __init__(self, life: Life) -> None:
        super().__init__()
        self._life = life

    def put(self, key: str, data: bytes, media_type: str = "application/octet-stream") -> None:
        self._life.do(lambda: super(MortalStore, self).put(key, data, media_type))

    def delete(self, key: str) -> None:
        self._life.do(lambda: super(MortalStore, self).delete(key))


@dataclass
class Bucket:
    """The folder `s3://films/in/`: name -> ETag, size and age in seconds."""

    files: dict[str, tuple[str, int, float]] = field(default_factory=dict)

    def put(self, name: str, etag: str = "1", size: int = 3, age: float = 3600) -> None:
        self.files[name] = (etag, size, age)

    def objects(self) -> list[Found]:
        now = datetime.now(UTC)
        return [
            Found(f"s3://films/in/{name}", name, etag, size, now - timedelta(seconds=age))
            for name, (etag, size, age) in sorted(self.files.items())
        ]


class Server:
    """Runs by their keys. `created` are the objects, with their content, for which one was made."""

    deployment = "brand-exposure/default"

    def __init__(self, bucket: Bucket, life: Life) -> None:
        self.asked, self.refuses, self.created = "as first", set[str](), list[tuple[str, str]]()
        self.runs: dict[str, str] = {}
        self.jobs: dict[str, str] = {}
        self.told: dict[str, RunEnd] = {}
        self._bucket, self._life = bucket, life

    def start(self, uri: str, job_id: str, key: str) -> str:
        name = uri.removeprefix("s3://films/in/")
        if name in self.refuses:
            raise Refused(f"no {name} here")
        return self._life.do(lambda: self._create(name, job_id, key))

    def ends(self, flow_run_ids: Collection[str]) -> dict[str, RunEnd]:
        return {id: self.told[id] for id in flow_run_ids if id in self.told}

    def end(self, end: RunEnd = DONE) -> None:
        """All that run end so."""
        self.told |= {id: end for id, told in self.told.items() if told.state == "started"}

    def _create(self, name: str, job_id: str, key: str) -> str:
        if key not in self.runs:
            id = f"run-{len(self.created)}"
            self.created.append((name, self._bucket.files[name][0]))
            self.runs[key], self.jobs[id], self.told[id] = id, job_id, RunEnd("started")
        return self.runs[key]


class World:
    """All of it, and a watch."""

    def __init__(self) -> None:
        self.life, self.bucket = Life(), Bucket()
        self.store, self.server = MortalStore(self.life), Server(self.bucket, self.life)
        self.ledger = Ledger(self.store, "in-1")

    def look(self, **wanted: object) -> Sight:
        """One look, by a process that knows of none before."""
        return Watch(self.bucket, Ledger(self.store, "in-1"), self.server, self.store).look(Wanted(**wanted))  # type: ignore[arg-type]

    def notes(self) -> dict[str, Note]:
        """All notes by the names of their objects; of one that was overwritten the latest."""
        kept = self.ledger.read()
        notes = [*kept.open.values(), *(note for id in kept.done if (note := self.ledger.read_done(id)))]
        return {note.uri.removeprefix("s3://films/in/"): note for note in sorted(notes, key=lambda note: note.seen)}

    def states(self) -> dict[str, str]:
        """Their states."""
        return {name: note.state for name, note in self.notes().items()}
