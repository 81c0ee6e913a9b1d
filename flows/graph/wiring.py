"""Edges from keys: a reader gets the value of the nearest writer above it, else the input of that name.

No order is needed beside what follows from this. A key that is written again gives a new value; values never change
and go by handle, so whoever reads the earlier one is not disturbed, whenever it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from flows.graph.entry_check import CheckedEntry
from flows.graph.missing import missing_key
from flows.graph.plan import Edge, Source
from flows.profiles.faults import fault_at
from flows.profiles.model import Profile
from stages.core.datatype import DataType
from stages.documents.faults import Fault

Types = Mapping[str, type[DataType] | None]


@dataclass(frozen=True)
class _Written:
    source: Source
    type: type[DataType] | None


@dataclass
class Wiring:
    """Where every own read of every entry comes from, by id; the edges; and what remains at the end."""

    reads: dict[str, dict[str, Source]] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    outputs: dict[str, Source] = field(default_factory=dict)
    overwritten: list[tuple[str, Source, str]] = field(default_factory=list)
    """Values that were written anew before anybody read them: key, source, id of the entry that wrote anew."""
    read_inputs: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)


def wire(profile: Profile, checked: Sequence[CheckedEntry], inputs: Types) -> Wiring:
    """Join the enabled entries by their keys."""
    return _Wire(profile, checked, inputs).run()


class _Wire:
    def __init__(self, profile: Profile, checked: Sequence[CheckedEntry], inputs: Types) -> None:
        self.profile, self.checked, self.wiring = profile, checked, Wiring()
        self.now = {key: _Written(Source(None, key), kind) for key, kind in inputs.items()}
        self.unread: dict[str, Source] = {}

    def run(self) -> Wiring:
        for place, item in enumerate(self.checked):
            if item.entry.enabled and item.declared is not None:
                self._read(place, item)
                self._write(item)
        self.wiring.outputs = dict(self.unread)
        return self.wiring

    def _read(self, place: int, item: CheckedEntry) -> None:
        declared = item.declared
        assert declared is not None
        sources = self.wiring.reads.setdefault(item.entry.id, {})
        for own in declared.all_reads:
            key = item.entry.reads.get(own, own)
            if key in self.now:
                sources[own] = self.now[key].source
                self._join(item, own, key)
            elif item.definition is not None:
                self.wiring.faults += missing_key(self.profile, self.checked, place, own, list(self.now))

    def _join(self, item: CheckedEntry, own: str, key: str) -> None:
        written, declared = self.now[key], item.declared
        wanted = declared.read_types.get(own) if declared else None
        kind = written.type or wanted
        self.wiring.edges.append(Edge(written.source.stage, item.entry.id, key, kind.name if kind else None))
        if self.unread.get(key) == written.source:
            del self.unread[key]
        if written.source.stage is None:
            self.wiring.read_inputs.add(key)
        if item.definition and written.type and wanted and not wanted.is_compatible_with(written.type):
            giver = f"entry {written.source.stage!r} writes" if written.source.stage else "the input is"
            text = f"reads {key!r} as {wanted.name}, but {giver} {'it as ' if written.source.stage else ''}"
            self.wiring.faults.append(fault_at(item.entry, f"{text}{written.type.name}", f"reads.{own}"))

    def _write(self, item: CheckedEntry) -> None:
        declared = item.declared
        assert declared is not None
        for own in declared.io.writes:
            key = item.entry.writes.get(own, own)
            if key in self.unread:
                self.wiring.overwritten.append((key, self.unread[key], item.entry.id))
            source = Source(item.entry.id, own)
            self.now[key] = _Written(source, item.definition.write_types.get(own) if item.definition else None)
            self.unread[key] = source


def wasted(profile: Profile, checked: Sequence[CheckedEntry], wiring: Wiring) -> Iterator[Fault]:
    """Warnings about what is made or given for nothing.

    What the last entry writes is what the pipeline is for; so is a value whose type publishes files for the job. An
    entry that another one needs is there for what it does.
    """
    running = [item for item in checked if item.entry.enabled and item.definition is not None]
    needed = {need for item in running for need in item.entry.needs}
    for item in running:
        lost = [(key, by) for key, source, by in wiring.overwritten if source.stage == item.entry.id]
        for key, by in lost:
            text = f"writes {key!r}, which entry {by!r} writes anew before any entry reads it"
            yield fault_at(item.entry, text, "", "writes", "warning")
        unread = [k for k, s in wiring.outputs.items() if s.stage == item.entry.id and not _publishes(item, s.key)]
        if unread and item is not running[-1] and item.entry.id not in needed:
            keys = ", ".join(map(repr, unread))
            text = f"writes {keys}, which no later entry reads; it is kept as an output of the job"
            yield fault_at(item.entry, text, "", "writes", "warning")
    for key in profile.inputs:
        if key not in wiring.read_inputs:
            file, line = profile.place(f"inputs.{key}")
            yield Fault(f"the input {key!r} is read by no entry", None, f"inputs.{key}", file, line, "warning")


def _publishes(item: CheckedEntry, own: str) -> bool:
    kind = item.definition.write_types.get(own) if item.definition else None
    return kind is not None and kind.publish is not DataType.publish
