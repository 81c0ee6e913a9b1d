"""`TextRegions`: what was read, where and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from stages.core.blobs import BlobStore
from stages.core.datatype import DataType, Json
from stages.datatypes.arrow import Column, Quads, as_quads, read_table, write_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class TextRegion(NamedTuple):
    """A piece of text in one picture.

    t      presentation time of the picture, seconds
    text   as it was read
    score  how sure the reading is, 0..1
    quad   (4, 2) float32 pixels of the source frame, clockwise from top left
    """

    t: float
    text: str
    score: float
    quad: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TextRegions(DataType):
    """Rows of text in order of time, as columns: N rows.

    t (N,) float64, texts N strings, score (N,) float64, quads (N, 4, 2) float32; see TextRegion.
    notes  what a reader of the report should know about the reading, in sentences
    """

    name: ClassVar[str] = "TextRegions"
    format: ClassVar[str] = "arrow"
    description: ClassVar[str] = "Text that was read in pictures: time, text, score and quad of each piece."

    t: NDArray[np.float64]
    texts: Sequence[str]
    score: NDArray[np.float64]
    quads: Quads
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[TextRegion], notes: Sequence[str] = ()) -> TextRegions:
        """Rows as columns."""
        import numpy as np

        kept = list(rows)
        return cls(
            np.asarray([row.t for row in kept], np.float64),
            [row.text for row in kept],
            np.asarray([row.score for row in kept], np.float64),
            as_quads([row.quad for row in kept]),
            tuple(notes),
        )

    def __len__(self) -> int:
        return len(self.t)

    def __getitem__(self, row: int) -> TextRegion:
        return TextRegion(float(self.t[row]), self.texts[row], float(self.score[row]), self.quads[row])

    def __iter__(self) -> Iterator[TextRegion]:
        return (self[row] for row in range(len(self)))

    def take(self, rows: Sequence[int]) -> TextRegions:
        """Some of the rows, without the notes."""
        import numpy as np

        place = np.asarray(rows, np.int64)
        return TextRegions(self.t[place], [self.texts[i] for i in rows], self.score[place], self.quads[place])

    def encode(self, blobs: BlobStore) -> Json:
        """See DataType."""
        columns: dict[str, Column] = {"t": self.t, "text": self.texts, "score": self.score, "quad": self.quads}
        return {"rows": len(self), "notes": list(self.notes), "table": write_table(columns, blobs)}

    @classmethod
    def decode(cls, data: Json, blobs: BlobStore) -> TextRegions:
        """See DataType."""
        columns = read_table(data["table"], blobs)
        return cls(columns["t"], columns["text"], columns["score"], columns["quad"], tuple(data["notes"]))

    def summary(self) -> Mapping[str, Json]:
        """Rows, and how many different texts."""
        return {"regions": len(self), "texts": len(set(self.texts))}
