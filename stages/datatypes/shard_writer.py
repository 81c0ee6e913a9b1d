"""Pictures into tar shards, as they come: one shard in memory, however many pictures there are."""

from __future__ import annotations

from typing import NamedTuple

from stages.core.blobs import BlobRef, BlobStore
from stages.datatypes.tar_shard import MEDIA_TYPE, TarShard

SHARD_BYTES = 8 << 20
"""A shard is closed when it has reached this. Shards of 8–32 MB were measured to be read 16–20 times faster than
single pictures, and written 2–3 times faster; the smallest of them takes the least memory."""


class Place(NamedTuple):
    """Where a picture lies: which shard, and in that the first byte and how many there are."""

    shard: int
    offset: int
    size: int


class ShardWriter:
    """Takes contents with their names, keeps them in the blob store, and gives the shards at the end."""

    def __init__(self, blobs: BlobStore, shard_bytes: int = SHARD_BYTES) -> None:
        self._blobs, self._shard_bytes = blobs, shard_bytes
        self._shards: list[BlobRef] = []
        self._open = TarShard()

    def __len__(self) -> int:
        """Bytes that are held in memory."""
        return len(self._open)

    def add(self, name: str, content: bytes) -> Place:
        """Append a member; `name` has at most 100 ASCII characters."""
        place = Place(len(self._shards), self._open.add(name, content), len(content))
        if len(self._open) >= self._shard_bytes:
            self._close()
        return place

    def finish(self) -> tuple[BlobRef, ...]:
        """Close the last shard; all of them, in the order of their numbers."""
        if len(self._open):
            self._close()
        return tuple(self._shards)

    def _close(self) -> None:
        self._shards.append(self._blobs.put(self._open.close(), MEDIA_TYPE))
        self._open = TarShard()
