"""`Crops`: pieces of pictures, each of something that was followed, in tar shards with an index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from stages.core.blobs import BlobRef, BlobStore
from stages.core.datatype import DataType, Json
from stages.core.digests import digest_of
from stages.datatypes.arrow import Column, Quads, as_quads, read_table, write_table
from stages.datatypes.readings import Reading
from stages.datatypes.shard_writer import SHARD_BYTES, ShardWriter
from stages.datatypes.stored_jpeg import StoredJPEG

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Crop(StoredJPEG):
    """One piece of a picture, set straight.

    track   the track it shows
    t       presentation time of the picture, seconds
    text    what was read there; empty where nothing was
    score   how sure the reading is, 0..1
    quad    (4, 2) float32 pixels of the source frame, clockwise from top left
    digest  `sha256:…` of its JPEG: the same piece of the same picture has the same
    """

    track: int
    t: float
    text: str
    score: float
    quad: NDArray[np.float32] = field(compare=False)
    digest: str


@dataclass(frozen=True, eq=False)
class Crops(DataType):
    """Crops in order of time, as columns: N rows.

    track (N,) int64, t (N,) float64, texts N strings, score (N,) float64, quads (N, 4, 2) float32, digests N strings;
    see Crop. places (N, 3) int64: shard, first byte and bytes of each JPEG
    shards  tar files of the pieces
    notes   what a reader of the report should know about them, in sentences
    """

    name: ClassVar[str] = "Crops"
    format: ClassVar[str] = "tar"
    description: ClassVar[str] = "Pieces of pictures, as JPEG in tar shards, each with its track, time, text and quad."

    track: NDArray[np.int64]
    t: NDArray[np.float64]
    texts: Sequence[str]
    score: NDArray[np.float64]
    quads: Quads
    digests: Sequence[str]
    places: NDArray[np.int64]
    shards: tuple[BlobRef, ...]
    notes: tuple[str, ...]
    blobs: BlobStore = field(repr=False)

    @classmethod
    def of(
        cls,
        cut: Iterable[tuple[Reading, bytes]],
        blobs: BlobStore,
        notes: Sequence[str] = (),
        shard_bytes: int = SHARD_BYTES,
    ) -> Crops:
        """Readings with the JPEG of each, in order of time; the JPEGs are kept as they come."""
        import numpy as np

        writer = ShardWriter(blobs, shard_bytes)
        rows: list[Reading] = []
        places, digests = [], []
        for reading, jpeg in cut:
            places.append(writer.add(f"crop-{len(rows):06d}.jpg", jpeg))
            digests.append(digest_of(jpeg))
            rows.append(reading)
        return cls(
            np.asarray([row.track for row in rows], np.int64),
            np.asarray([row.t for row in rows], np.float64),
            [row.text for row in rows],
            np.asarray([row.score for row in rows], np.float64),
            as_quads([row.quad for row in rows]),
            digests,
            np.asarray(places, np.int64).reshape(-1, 3),
            writer.finish(),
            tuple(notes),
            blobs,
        )

    def __len__(self) -> int:
        return len(self.track)

    def __getitem__(self, row: int) -> Crop:
        shard, offset, size = self.places[row].tolist()
        told = (int(self.track[row]), float(self.t[row]), self.texts[row], float(self.score[row]))
        ref, quad, digest = self.shards[shard], self.quads[row], self.digests[row]
        return Crop(*told, quad, digest, ref=ref, offset=offset, size=size, blobs=self.blobs)

    def __iter__(self) -> Iterator[Crop]:
        return (self[row] for row in range(len(self)))

    def encode(self, blobs: BlobStore) -> Json:
        """See DataType. The shards are in the store already: whoever cut the pieces put them there."""
        shard, offset, size = self.places.T.copy()
        columns: dict[str, Column] = {
            "track": self.track,
            "t": self.t,
            "text": self.texts,
            "score": self.score,
            "quad": self.quads,
            "digest": self.digests,
            "shard": shard,
            "offset": offset,
            "size": size,
        }
        table = write_table(columns, blobs)
        return {"crops": len(self), "notes": list(self.notes), "shards": list(self.shards), "table": table}

    @classmethod
    def decode(cls, data: Json, blobs: BlobStore) -> Crops:
        """See DataType."""
        import numpy as np

        c = read_table(data["table"], blobs)
        places = np.stack([c["shard"], c["offset"], c["size"]], 1)
        columns = (c["track"], c["t"], c["text"], c["score"], c["quad"], c["digest"], places)
        return cls(*columns, tuple(data["shards"]), tuple(data["notes"]), blobs)

    def summary(self) -> Mapping[str, Json]:
        """How many."""
        return {"crops": len(self)}
