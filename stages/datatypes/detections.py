"""`Detections`: which brand was seen, where and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from stages.core.blobs import BlobStore
from stages.core.datatype import DataType, Json
from stages.datatypes.arrow import Column, Quads, as_quads, read_table, write_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Detection(NamedTuple):
    """A brand in one picture.

    t         presentation time of the picture, seconds
    brand     its canonical name
    text      what was read there; empty where no text was
    score     how sure it is, 0..1
    source    what found it: "text", later others
    exposure  id of the exposure it belongs to; empty until tracked
    quad      (4, 2) float32 pixels of the source frame, clockwise from top left
    """

    t: float
    brand: str
    text: str
    score: float
    source: str
    exposure: str
    quad: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Detections(DataType):
    """Detections in order of time, as columns: N rows.

    t (N,) float64, brands, texts, sources and exposures N strings, score (N,) float64, quads (N, 4, 2) float32.
    notes  what a reader of the report should know about how they were found, in sentences
    """

    name: ClassVar[str] = "Detections"
    format: ClassVar[str] = "arrow"
    description: ClassVar[str] = "Brands found in pictures: time, brand, score and quad of each."

    t: NDArray[np.float64]
    brands: Sequence[str]
    texts: Sequence[str]
    score: NDArray[np.float64]
    sources: Sequence[str]
    exposures: Sequence[str]
    quads: Quads
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[Detection], notes: Sequence[str] = ()) -> Detections:
        """Rows as columns."""
        import numpy as np

        kept = list(rows)
        return cls(
            np.asarray([row.t for row in kept], np.float64),
            [row.brand for row in kept],
            [row.text for row in kept],
            np.asarray([row.score for row in kept], np.float64),
            [row.source for row in kept],
            [row.exposure for row in kept],
            as_quads([row.quad for row in kept]),
            tuple(notes),
        )

    def __len__(self) -> int:
        return len(self.t)

    def __getitem__(self, row: int) -> Detection:
        return Detection(
            float(self.t[row]),
            self.brands[row],
            self.texts[row],
            float(self.score[row]),
            self.sources[row],
            self.exposures[row],
            self.quads[row],
        )

    def __iter__(self) -> Iterator[Detection]:
        return (self[row] for row in range(len(self)))

    def assigned(self, exposures: Sequence[str]) -> Detections:
        """The same detections, each with the id of its exposure."""
        if len(exposures) != len(self):
            raise ValueError(f"{len(exposures)} exposures for {len(self)} detections")
        return replace(self, exposures=list(exposures))

    def encode(self, blobs: BlobStore) -> Json:
        """See DataType."""
        columns: dict[str, Column] = {
            "t": self.t,
            "brand": self.brands,
            "text": self.texts,
            "score": self.score,
            "source": self.sources,
            "exposure": self.exposures,
            "quad": self.quads,
        }
        return {"rows": len(self), "notes": list(self.notes), "table": write_table(columns, blobs)}

    @classmethod
    def decode(cls, data: Json, blobs: BlobStore) -> Detections:
        """See DataType."""
        c = read_table(data["table"], blobs)
        columns = (c["t"], c["brand"], c["text"], c["score"], c["source"], c["exposure"], c["quad"])
        return cls(*columns, notes=tuple(data["notes"]))

    def summary(self) -> Mapping[str, Json]:
        """Rows, and how many brands."""
        return {"detections": len(self), "brands": len(set(self.brands))}
