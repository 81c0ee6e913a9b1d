"""The plan: a profile checked against its stages, as a graph that can be run or drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from flows.profiles.model import Profile, StageEntry
from stages.core.datatype import DataType
from stages.core.definition import Resources, StageDefinition
from stages.documents.faults import Fault


@dataclass(frozen=True)
class Source:
    """Where a value comes from: an entry and its own name for what it writes; an input where `stage` is None."""

    stage: str | None
    key: str


@dataclass(frozen=True)
class PlannedStage:
    """One stage of the plan: its entry, its definition, its checked settings, and where each own read comes from."""

    entry: StageEntry
    definition: StageDefinition
    config: BaseModel
    reads: Mapping[str, Source]
    after: tuple[str, ...] = ()  # entries that must have ended first, though nothing of theirs is read
    resources: Resources = field(default_factory=Resources)
    retries: int = 0
    timeout: float | None = None

    @property
    def id(self) -> str:
        return self.entry.id

    @property
    def upstream(self) -> set[str]:
        """Ids of all entries this one waits for."""
        return {s.stage for s in self.reads.values() if s.stage is not None} | set(self.after)


@dataclass(frozen=True)
class Edge:
    """A value on its way: `key` is the state's key, `type` the name of its data type where it has one."""

    source: str | None
    target: str
    key: str
    type: str | None


@dataclass(frozen=True)
class Plan:
    """A profile that can run. `stages` are the enabled ones, every one after all it waits for. `outputs` are the values
    that no later stage reads, by the state's key."""

    profile: Profile
    stages: tuple[PlannedStage, ...]
    inputs: Mapping[str, type[DataType] | None]
    edges: tuple[Edge, ...]
    outputs: Mapping[str, Source]
    warnings: tuple[Fault, ...] = ()

    def stage(self, id: str) -> PlannedStage:
        """The stage of that id."""
        return next(stage for stage in self.stages if stage.id == id)
