"""Files of a tree in the blob store: small ones in tar shards, large ones in pieces.

Where a shard ends depends on the files around that place and not on how many come before, so a tree in which a few
files differ shares most of its shards with the one it was made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from stages.core.blobs import BlobRef, BlobStore
from stages.core.errors import BlobDamaged, EncodeError, InputError
from stages.datatypes.shard_writer import SHARD_BYTES
from stages.datatypes.tar_shard import MEDIA_TYPE, TarShard
from stages.datatypes.tree_file import TreeFile

MOST_SHARD_BYTES = 16 << 20
LARGE = 8 << 20
"""Bytes from which on a file lies in blobs of its own and in no tar."""
PIECE_BYTES = 32 << 20

_ENDS = 32
"""One file in so many may be the last of a shard that is long enough."""


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


class TreeWriter:
    """Takes files in order of their paths, and keeps them. Holds one shard or one piece in memory."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._open = TarShard()
        self._waiting: list[tuple[TreeFile, int]] = []
        self.kept: list[TreeFile] = []

    def add(self, file: TreeFile) -> None:
        """Read the file where it lies, and keep it; a file that is in the store already stays where it is."""
        if isinstance(file.place, InShards):
            self.kept.append(file)
        elif file.size >= LARGE:
            self._add_large(file)
        else:
            self._add_small(file)

    def finish(self) -> list[TreeFile]:
        """All files as they lie in the store now, in order of path."""
        self._close()
        return sorted(self.kept, key=lambda file: file.path)

    def _add_small(self, file: TreeFile) -> None:
        content = file.read()
        self._waiting.append((file, self._open.add(_member(file), content)))
        long_enough = len(self._open) >= SHARD_BYTES and _ends_here(file)
        if long_enough or len(self._open) >= MOST_SHARD_BYTES:
            self._close()

    def _add_large(self, file: TreeFile) -> None:
        refs = [self._blobs.put(piece) for piece in _pieces(file.chunks())]
        self.kept.append(replace(file, place=InShards(tuple(refs), 0, self._blobs)))

    def _close(self) -> None:
        if not self._waiting:
            return
        ref = self._blobs.put(self._open.close(), MEDIA_TYPE)
        self.kept += [replace(file, place=InShards((ref,), at, self._blobs)) for file, at in self._waiting]
        self._open, self._waiting = TarShard(), []


def keep(files: Iterable[TreeFile], blobs: BlobStore) -> list[TreeFile]:
    """Files in the store, wherever they lay. Raises EncodeError where one is not what its digest says, or is gone."""
    writer = TreeWriter(blobs)
    try:
        for file in files:
            writer.add(file)
    except InputError as error:
        problem = f"cannot be kept: {error} A folder must stay as it is until its stage has ended."
        raise EncodeError(problem, **error.context) from error
    return writer.finish()


def _member(file: TreeFile) -> str:
    """A name that a tar of the oldest kind can have: the path, or the digest where that is too long or not ASCII."""
    if len(file.path) <= 100 and file.path.isascii():
        return file.path
    return str(file.digest).replace(":", "/")


def _ends_here(file: TreeFile) -> bool:
    return file.digest is not None and int(file.digest[-8:], 16) % _ENDS == 0


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) >= PIECE_BYTES:
            yield bytes(held[:PIECE_BYTES])
            del held[:PIECE_BYTES]
    if held:
        yield bytes(held)
