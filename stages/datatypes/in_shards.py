"""The place of a file of a tree in the blob store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from stages.core.blobs import BlobRef, BlobStore
from stages.core.errors import BlobDamaged
from stages.datatypes.tree_file import TreeFile


@dataclass(frozen=True)
class InShards:
    """The place of a file in the store: from `offset` of the first blob on; what is left of it is all of the next."""

    refs: tuple[BlobRef, ...]
    offset: int
    blobs: BlobStore = field(repr=False, compare=False)

    @property
    def named(self) -> str:
        """See Place."""
        return "A tree of files in the store"

    def chunks(self, file: TreeFile) -> Iterator[bytes]:
        """See Place."""
        left, offset = file.size, self.offset
        for ref in self.refs:
            yield (chunk := self.blobs.read(ref, offset, min(left, ref["size"] - offset)))
            left, offset = left - len(chunk), 0

    def changed(self, file: TreeFile, found: str) -> BlobDamaged:
        """See Place."""
        digest = self.refs[0]["blob"] if self.refs else "nowhere"
        return BlobDamaged(
            f"{file.path!r} in {digest} is {found}: the index does not fit the shard. Run again with --refresh and the "
            "name of the stage that wrote it.",
            digest=digest,
        )
