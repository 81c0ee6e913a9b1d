"""`Exposures`: from when to when a brand was on screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar

from stages.core.blobs import BlobStore
from stages.core.datatype import DataType, Json


@dataclass(frozen=True)
class Exposure:
    """A stretch of time in which a brand was on screen.

    id          unique in its job's video, in order of beginning: "e0001"
    start_s, end_s   presentation time, seconds
    mean_area   its share of the frame (0..1), mean over the pictures it was seen in
    max_area    the largest such share
    mean_score  how sure its detections are, mean, 0..1
    best_t      time of the picture that shows it best: large and surely read
    """

    id: str
    brand: str
    start_s: float
    end_s: float
    mean_area: float
    max_area: float
    mean_score: float
    best_t: float

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Exposures(DataType):
    """Exposures in order of their beginning. Those of one brand never overlap."""

    name: ClassVar[str] = "Exposures"
    format: ClassVar[str] = "json"
    description: ClassVar[str] = "From when to when each brand was on screen, and how large."

    rows: tuple[Exposure, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Exposure]:
        return iter(self.rows)

    def encode(self, blobs: BlobStore) -> Json:
        """See DataType."""
        return [asdict(row) for row in self.rows]

    @classmethod
    def decode(cls, data: Json, blobs: BlobStore) -> Exposures:
        """See DataType."""
        return cls(tuple(Exposure(**row) for row in data))

    def summary(self) -> Mapping[str, Json]:
        """Exposures, brands and seconds on screen."""
        seconds = round(sum(row.seconds for row in self.rows), 2)
        return {"exposures": len(self), "brands": len({row.brand for row in self.rows}), "seconds": seconds}
