"""`Frames`: pictures of a video in tar shards, with an index. Light: a picture is read when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from stages.core.blobs import BlobRef, BlobStore
from stages.core.datatype import DataType, Json
from stages.datatypes.frame_index import FrameIndex
from stages.datatypes.stored_jpeg import StoredJPEG

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class MediaInfo:
    """What the source says of itself, and how far it could be decoded.

    duration_s     length that the file declares (decoded_s where it declares none), seconds
    decoded_s      end of the last picture that could be decoded, seconds
    width, height  of a picture as it is shown (rotation applied), pixels
    fps            average pictures a second
    """

    duration_s: float
    decoded_s: float
    width: int
    height: int
    fps: float


@dataclass(frozen=True)
class Frame(StoredJPEG):
    """One picture: `t` is its presentation time, `stands_for` every sample time it represents (its own first)."""

    index: int
    t: float
    stands_for: tuple[float, ...]
    cut: bool

    def image(self) -> NDArray[np.uint8]:
        """The picture, (H, W, 3) uint8 BGR, as OpenCV wants it. Raises ValueError where it is no picture."""
        import cv2

        return self._decoded(cv2.IMREAD_COLOR)

    def luma(self) -> NDArray[np.uint8]:
        """Its brightness, (H, W) uint8. Raises ValueError where it is no picture."""
        import cv2

        return self._decoded(cv2.IMREAD_GRAYSCALE)

    def _decoded(self, how: int) -> NDArray[np.uint8]:
        import cv2
        import numpy as np

        image = cv2.imdecode(np.frombuffer(self.jpeg(), np.uint8), how)
        if image is None:
            raise ValueError(f"the picture at {self.t:.3f} s in {self.ref['blob']} is no JPEG that can be decoded")
        return np.asarray(image, np.uint8)


@dataclass(frozen=True, eq=False)
class Frames(DataType):
    """Pictures in order of time.

    period_s  time between two samples, seconds
    shards    tar files of the pictures
    notes     what a reader of the report should know about the pictures, in sentences
    """

    name: ClassVar[str] = "Frames"
    format: ClassVar[str] = "tar"
    description: ClassVar[str] = "Pictures of a video, as JPEG in tar shards, with their presentation times."

    info: MediaInfo
    period_s: float
    shards: tuple[BlobRef, ...]
    index: FrameIndex
    notes: tuple[str, ...]
    blobs: BlobStore = field(repr=False)

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, place: int) -> Frame:
        if not -len(self) <= place < len(self):
            raise IndexError(f"frame {place} of {len(self)}")
        i, index = place % len(self), self.index
        told = (i, float(index.t[i]), index.stands_for(i), bool(index.cut[i]))
        ref, offset, size = self.shards[int(index.shard[i])], int(index.offset[i]), int(index.size[i])
        return Frame(*told, ref=ref, offset=offset, size=size, blobs=self.blobs)

    def __iter__(self) -> Iterator[Frame]:
        return (self[i] for i in range(len(self)))

    def at(self, t: float) -> Frame:
        """The frame nearest to a time."""
        return self[int(abs(self.index.t - t).argmin())]

    def keep(self, kept: Sequence[int], cuts: Sequence[int] = (), notes: Sequence[str] = ()) -> Frames:
        """Some of the frames, without copying a shard. Each stands for those that follow it and are left out, too."""
        import numpy as np

        index = self.index.keep(kept, cuts)
        used, shard = np.unique(index.shard, return_inverse=True)
        shards = tuple(self.shards[i] for i in used.tolist())
        return replace(
            self, shards=shards, index=replace(index, shard=shard.astype(np.int64)), notes=(*self.notes, *notes)
        )

    @staticmethod
    def joined(parts: Sequence[Frames]) -> Frames:
        """The frames of all parts, at least one, in order of time; all else is as in the last."""
        shards = tuple(shard for part in parts for shard in part.shards)
        return replace(parts[-1], shards=shards, index=FrameIndex.joined([part.index for part in parts]))

    def encode(self, blobs: BlobStore) -> Json:
        """See DataType. The shards are in the store already: whoever wrote the pictures put them there."""
        return {
            "info": asdict(self.info),
            "period_s": self.period_s,
            "notes": list(self.notes),
            "shards": list(self.shards),
            "index": self.index.to_json(),
        }

    @classmethod
    def decode(cls, data: Json, blobs: BlobStore) -> Frames:
        """See DataType."""
        return cls(
            MediaInfo(**data["info"]),
            data["period_s"],
            tuple(data["shards"]),
            FrameIndex.from_json(data["index"]),
            tuple(data["notes"]),
            blobs,
        )

    def summary(self) -> Mapping[str, Json]:
        """Frames, shots, decoded seconds and size of the picture."""
        info = self.info
        figures: dict[str, Any] = {
            "frames": len(self),
            "seconds": info.decoded_s,
            "size": f"{info.width}x{info.height}",
        }
        return figures | ({"cuts": int(self.index.cut.sum())} if self.index.cut.any() else {})
