"""A picture that lies in a tar shard."""

from __future__ import annotations

from dataclasses import dataclass, field

from stages.core.blobs import BlobRef, BlobStore


@dataclass(frozen=True, kw_only=True)
class StoredJPEG:
    """`size` bytes of the shard `ref`, from `offset` on."""

    ref: BlobRef
    offset: int
    size: int
    blobs: BlobStore = field(repr=False, compare=False)

    def jpeg(self) -> bytes:
        """The picture as it is stored."""
        return self.blobs.read(self.ref, self.offset, self.size)
