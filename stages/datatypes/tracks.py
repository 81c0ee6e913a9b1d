"""`Tracks`: things followed over time, each through the pictures in which it was looked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from stages.core.blobs import BlobStore
from stages.core.datatype import DataType, Json
from stages.datatypes.arrow import Column, Quads, as_quads, read_table, write_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class TrackPoint(NamedTuple):
    """Where a followed thing is in one picture.

    track    which thing, 0…
    t        presentation time of the picture, seconds
    visible  share of it that looks as it did when it was found, 0..1; 0 where it is hidden
    found    whether it was found in this very picture, and not only followed to it
    quad     (4, 2) float32 pixels of the source frame, clockwise from top left
    """

    track: int
    t: float
    visible: float
    found: bool
    quad: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Tracks(DataType):
    """Points of tracks as columns, by track and in it by time: N rows.

    track (N,) int64 never decreasing, t (N,) float64, visible (N,) float64, found (N,) bool, quads (N, 4, 2) float32;
    see TrackPoint. notes  what a reader of the report should know, in sentences
    """

    name: ClassVar[str] = "Tracks"
    format: ClassVar[str] = "arrow"
    description: ClassVar[str] = "Things followed over time: place and visible share in each picture."

    track: NDArray[np.int64]
    t: NDArray[np.float64]
    visible: NDArray[np.float64]
    found: NDArray[np.bool_]
    quads: Quads
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, points: Sequence[TrackPoint], notes: Sequence[str] = ()) -> Tracks:
        """Points, in order of track and time, as columns."""
        import numpy as np

        return cls(
            np.asarray([point.track for point in points], np.int64),
            np.asarray([point.t for point in points], np.float64),
            np.asarray([point.visible for point in points], np.float64),
            np.asarray([point.found for point in points], np.bool_),
            as_quads([point.quad for point in points]),
            tuple(notes),
        )

    def __len__(self) -> int:
        """How many points."""
        return len(self.track)

    def __getitem__(self, row: int) -> TrackPoint:
        where = (int(self.track[row]), float(self.t[row]), float(self.visible[row]), bool(self.found[row]))
        return TrackPoint(*where, self.quads[row])

    def rows_of(self) -> Mapping[int, range]:
        """The rows of each track, by track."""
        import numpy as np

        starts = np.flatnonzero(np.r_[True, np.diff(self.track) > 0]) if len(self) else np.empty(0, np.int64)
        ends = [*starts[1:].tolist(), len(self)]
        return {
            int(self.track[begin]): range(begin, end)
            for begin, end in zip(starts.tolist(), ends, strict=len(starts) > 0)
        }

    def encode(self, blobs: BlobStore) -> Json:
        """See DataType."""
        columns: dict[str, Column] = {
            "track": self.track,
            "t": self.t,
            "visible": self.visible,
            "found": self.found,
            "quad": self.quads,
        }
        return {"points": len(self), "notes": list(self.notes), "table": write_table(columns, blobs)}

    @classmethod
    def decode(cls, data: Json, blobs: BlobStore) -> Tracks:
        """See DataType."""
        c = read_table(data["table"], blobs)
        return cls(c["track"], c["t"], c["visible"], c["found"], c["quad"], tuple(data["notes"]))

    def summary(self) -> Mapping[str, Json]:
        """Tracks, and points on them."""
        return {"tracks": len(self.rows_of()), "points": len(self)}
