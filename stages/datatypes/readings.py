"""`Readings`: what the views of followed texts were read as."""

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


class Reading(NamedTuple):
    """One view of a followed text, read.

    track    the track that was read
    t        presentation time of the picture, seconds
    text     as it was read
    score    how sure the reading is, 0..1
    letters  what else it might be, step by step from left to right: `[["N", -0.01, "M", -4.6], …]`, JSON of characters
             and the natural logarithms of their probabilities, the likeliest first; "" stands for no character
    quad     (4, 2) float32 pixels of the source frame, clockwise from top left
    """

    track: int
    t: float
    text: str
    score: float
    letters: str
    quad: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Readings(DataType):
    """Readings as columns, by track and in it by time: N rows.

    track (N,) int64, t (N,) float64, texts N strings, score (N,) float64, letters N strings, quads (N, 4, 2) float32;
    see Reading. notes  what a reader of the report should know about the reading, in sentences
    """

    name: ClassVar[str] = "Readings"
    format: ClassVar[str] = "arrow"
    description: ClassVar[str] = "What the views of followed texts were read as, and what else they might be."

    track: NDArray[np.int64]
    t: NDArray[np.float64]
    texts: Sequence[str]
    score: NDArray[np.float64]
    letters: Sequence[str]
    quads: Quads
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[Reading], notes: Sequence[str] = ()) -> Readings:
        """Rows as columns."""
        import numpy as np

        kept = sorted(rows, key=lambda row: (row.track, row.t))
        return cls(
            np.asarray([row.track for row in kept], np.int64),
            np.asarray([row.t for row in kept], np.float64),
            [row.text for row in kept],
            np.asarray([row.score for row in kept], np.float64),
            [row.letters for row in kept],
            as_quads([row.quad for row in kept]),
            tuple(notes),
        )

    def __len__(self) -> int:
        return len(self.track)

    def __getitem__(self, row: int) -> Reading:
        where = (int(self.track[row]), float(self.t[row]), self.texts[row], float(self.score[row]))
        return Reading(*where, self.letters[row], self.quads[row])

    def __iter__(self) -> Iterator[Reading]:
        return (self[row] for row in range(len(self)))

    def encode(self, blobs: BlobStore) -> Json:
        """See DataType."""
        columns: dict[str, Column] = {
            "track": self.track,
            "t": self.t,
            "text": self.texts,
            "score": self.score,
            "letters": self.letters,
            "quad": self.quads,
        }
        return {"rows": len(self), "notes": list(self.notes), "table": write_table(columns, blobs)}

    @classmethod
    def decode(cls, data: Json, blobs: BlobStore) -> Readings:
        """See DataType."""
        c = read_table(data["table"], blobs)
        return cls(c["track"], c["t"], c["text"], c["score"], c["letters"], c["quad"], notes=tuple(data["notes"]))

    def summary(self) -> Mapping[str, Json]:
        """Rows, the tracks they are of, and how many different texts."""
        return {"readings": len(self), "tracks": len(set(self.track.tolist())), "texts": len(set(self.texts))}
