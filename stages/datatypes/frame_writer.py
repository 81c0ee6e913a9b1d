"""Writing `Frames` while the video is being decoded: one shard in memory, whatever the length of the video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from stages.core.blobs import BlobRef, BlobStore
from stages.datatypes.frame_index import FrameIndex
from stages.datatypes.frames import Frames, MediaInfo
from stages.datatypes.tar_shard import MEDIA_TYPE, TarShard

SHARD_BYTES = 8 << 20
"""A shard is closed when it has reached this. Shards of 8–32 MB were measured to be read 16–20 times faster than
single pictures, and written 2–3 times faster; the smallest of them takes the least memory."""

MICROSECOND = 6
"""Decimals of a time: finer than any time base in use, and equal on every machine."""


@dataclass
class FrameWriter:
    """Takes pictures in order of time, keeps them in the blob store, and gives the `Frames` at the end."""

    blobs: BlobStore
    shard_bytes: int = SHARD_BYTES
    _shards: list[BlobRef] = field(default_factory=list)
    _open: TarShard = field(default_factory=TarShard)
    _t: list[float] = field(default_factory=list)
    _shard: list[int] = field(default_factory=list)
    _offset: list[int] = field(default_factory=list)
    _size: list[int] = field(default_factory=list)
    _cut: list[bool] = field(default_factory=list)
    _held: list[tuple[int, float]] = field(default_factory=list)

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
        self._shard.append(len(self._shards))
        self._offset.append(self._open.add(f"frame-{frame:06d}.jpg", jpeg))
        self._size.append(len(jpeg))
        self._cut.append(cut)
        self._held += [(frame, round(time, MICROSECOND)) for time in also]
        if len(self._open) >= self.shard_bytes:
            self._close_shard()

    def finish(self, info: MediaInfo, period_s: float, notes: Sequence[str] = ()) -> Frames:
        """Close the last shard; everything that was added, as a value."""
        import numpy as np

        if len(self._open):
            self._close_shard()
        index = FrameIndex(
            np.asarray(self._t, np.float64),
            np.asarray(self._shard, np.int64),
            np.asarray(self._offset, np.int64),
            np.asarray(self._size, np.int64),
            np.asarray(self._cut, np.bool_),
            np.asarray([frame for frame, _ in self._held], np.int64),
            np.asarray([time for _, time in self._held], np.float64),
        )
        return Frames(info, period_s, tuple(self._shards), index, tuple(notes), self.blobs)

    def _close_shard(self) -> None:
        self._shards.append(self.blobs.put(self._open.close(), MEDIA_TYPE))
        self._open = TarShard()
