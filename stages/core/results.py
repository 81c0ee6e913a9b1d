"""Results of stages as they go from one to the next: light, readable where they are needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stages.core.blobs import BlobStore, using
from stages.core.definition import StageDefinition
from stages.core.digests import as_json
from stages.core.envelope import Envelope
from stages.core.errors import StageFailed, StagewrightError
from stages.core.values import StoredValue, decode_value


@dataclass(frozen=True)
class ValueHandle:
    """A named value that can be read: by the digest it has, without reading it; as a new object at every `read`.

    Every reader gets the value from what was written, whether its stage has just run or was kept, here or on another
    machine: what a run sees cannot depend on which it was, and no reader sees what another did to its copy.
    """

    stored: StoredValue
    envelope: Envelope | None = None
    key: str = ""
    definition: StageDefinition | None = None

    @property
    def digest(self) -> str:
        return self.stored.digest

    def read(self, blobs: BlobStore) -> Any:
        """The value. Raises BlobDamaged, EnvelopeDamaged, or what the stage's deserialize_fn raises as StageFailed."""
        if self.envelope is None or self.envelope.own is None:
            return decode_value(self.stored, blobs)
        return self._read_own(self.envelope, blobs)[self.key]

    def _read_own(self, envelope: Envelope, blobs: BlobStore) -> dict[str, Any]:
        assert self.definition is not None
        assert self.definition.deserialize_fn is not None
        try:
            with using(blobs):
                values = self.definition.deserialize_fn(as_json(envelope.own), envelope.job)
        except StagewrightError:
            raise
        except (Exception, SystemExit) as error:
            raise StageFailed(
                f"Stage {envelope.stage!r}: its deserialize_fn failed on {envelope.key}: "
                f"{type(error).__name__}: {error}",
                stage=envelope.stage,
            ) from error
        if self.key not in values:
            raise StageFailed(
                f"Stage {envelope.stage!r}: its deserialize_fn gave no {self.key!r}; it gave {sorted(values)}.",
                stage=envelope.stage,
                key=self.key,
            )
        return values


class StageResult:
    """What a stage gave, as its envelope; `kept` where an earlier run had made it.

    (Not a dataclass: Prefect walks through those that are given to tasks, and an envelope can be long.)
    """

    __slots__ = ("definition", "envelope", "kept")

    def __init__(self, envelope: Envelope, definition: StageDefinition, kept: bool = False) -> None:
        self.envelope, self.definition, self.kept = envelope, definition, kept

    def value(self, key: str) -> ValueHandle:
        """One of its writes, by the stage's own name for it."""
        return ValueHandle(self.envelope.writes[key], self.envelope, key, self.definition)
