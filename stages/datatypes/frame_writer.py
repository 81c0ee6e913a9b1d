"""Writing `Frames` while the video is being decoded: one shard in memory, whatever the length of the video."""

from __future__ import annotations

from collections.abc import Sequence

from stages.core.blobs import BlobStore
from stages.datatypes.frame_index import FrameIndex
from stages.datatypes.frames import Frames, MediaInfo
from stages.datatypes.shard_writer import SHARD_BYTES, Place, ShardWriter

MICROSECOND = 6
"""Decimals of a time: finer than any time base in use, and equal on every machine."""


class FrameWriter:
    """Takes pictures in order of time, keeps them in the blob store, and gives the `Frames` at the end."""

    def __init__(self, blobs: BlobStore, shard_bytes: int = SHARD_BYTES) -> None:
        self.blobs = blobs
        self._shards = ShardWriter(blobs, shard_bytes)
        self._t: list[float] = []
        self._places: list[Place] = []
        self._cut: list[bool] = []
        self._held: list[tuple[int, float]] = []

    def __len__(self) -> int:
        return len(self._t)

    def add(self, jpeg: bytes, t: float, also: Sequence[float] = (), cut: bool = False) -> None:
        """Append a picture shown at `t` seconds that stands for the times of `also` as well (later, ascending).

        `cut`: a shot has begun since the picture before.
        """
        if self._t and t <= self._t[-1]:
            raise ValueError(f"a frame at {t} s after one at {self._t[-1]} s; frames come in order of time")
        frame = len(self)
        self._t.append(round(t, MICROSECOND))
        self._places.append(self._shards.add(f"frame-{frame:06d}.jpg", jpeg))
        self._cut.append(cut)
        self._held += [(frame, round(time, MICROSECOND)) for time in also]

    def finish(self, info: MediaInfo, period_s: float, notes: Sequence[str] = ()) -> Frames:
        """Close the last shard; everything that was added, as a value."""
        import numpy as np

        index = FrameIndex(
            np.asarray(self._t, np.float64),
            np.asarray([place.shard for place in self._places], np.int64),
            np.asarray([place.offset for place in self._places], np.int64),
            np.asarray([place.size for place in self._places], np.int64),
            np.asarray(self._cut, np.bool_),
            np.asarray([frame for frame, _ in self._held], np.int64),
            np.asarray([time for _, time in self._held], np.float64),
        )
        return Frames(info, period_s, self._shards.finish(), index, tuple(notes), self.blobs)
