"""`Boxes`: things found in single pictures, each with a label, a score and a place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from stages.core.blobs import BlobStore
from stages.core.datatype import DataType, Json
from stages.datatypes.arrow import Column, Quads, as_quads, read_table, write_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHOWN_LABELS = 5


class Box(NamedTuple):
    """A thing in one picture.

    t      presentation time of the picture, seconds
    label  what it is: "text", "person", …
    score  how sure that is, 0..1
    quad   (4, 2) float32 pixels of the source frame, clockwise from top left
    """

    t: float
    label: str
    score: float
    quad: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Boxes(DataType):
    """Boxes in order of time, as columns: N rows.

    t (N,) float64, labels N strings, score (N,) float64, quads (N, 4, 2) float32; see Box.
    notes  what a reader of the report should know about how they were found, in sentences
    """

    name: ClassVar[str] = "Boxes"
    format: ClassVar[str] = "arrow"
    description: ClassVar[str] = "Things found in pictures: time, label, score and quad of each."

    t: NDArray[np.float64]
    labels: Sequence[str]
    score: NDArray[np.float64]
    quads: Quads
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[Box], notes: Sequence[str] = ()) -> Boxes:
        """Rows as columns."""
        import numpy as np

        kept = list(rows)
        return cls(
            np.asarray([row.t for row in kept], np.float64),
            [row.label for row in kept],
            np.asarray([row.score for row in kept], np.float64),
            as_quads([row.quad for row in kept]),
            tuple(notes),
        )

    def __len__(self) -> int:
        return len(self.t)

    def __getitem__(self, row: int) -> Box:
        return Box(float(self.t[row]), self.labels[row], float(self.score[row]), self.quads[row])

    def __iter__(self) -> Iterator[Box]:
        return (self[row] for row in range(len(self)))

    def encode(self, blobs: BlobStore) -> Json:
        """See DataType."""
        columns: dict[str, Column] = {"t": self.t, "label": self.labels, "score": self.score, "quad": self.quads}
        return {"rows": len(self), "notes": list(self.notes), "table": write_table(columns, blobs)}

    @classmethod
    def decode(cls, data: Json, blobs: BlobStore) -> Boxes:
        """See DataType."""
        columns = read_table(data["table"], blobs)
        return cls(columns["t"], columns["label"], columns["score"], columns["quad"], tuple(data["notes"]))

    def summary(self) -> Mapping[str, Json]:
        """Rows, and how many of the commonest labels, if there is more than one."""
        counts = Counter(self.labels)
        shown = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:SHOWN_LABELS] if len(counts) > 1 else []
        return {"boxes": len(self), **dict(shown)}
