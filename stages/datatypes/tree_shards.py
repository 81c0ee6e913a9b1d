"""Files of a tree into the blob store: small ones in tar shards, large ones in pieces.

Where a shard ends depends on the files around that place and not on how many come before, so a tree in which a few
files differ shares most of its shards with the one it was made from.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace

from stages.core.blobs import BlobRef, BlobStore
from stages.core.errors import EncodeError, InputError
from stages.datatypes.in_shards import InShards
from stages.datatypes.shard_writer import SHARD_BYTES
from stages.datatypes.tar_shard import MEDIA_TYPE, TarShard
from stages.datatypes.tree_file import TreeFile
from stages.datatypes.tree_reading import contents

MOST_SHARD_BYTES = 16 << 20
LARGE = 8 << 20
"""Bytes from which on a file lies in blobs of its own and in no tar."""
PIECE_BYTES = 32 << 20

SENDERS = 3
"""Blobs that are sent at once, and held in memory till then."""

_ENDS = 32
"""One file in so many may be the last of a shard that is long enough."""


class TreeWriter:
    """Takes files in order of their paths, and keeps them. Holds a shard or a piece, and those that are being sent."""

    def __init__(self, blobs: BlobStore, pool: ThreadPoolExecutor) -> None:
        self._blobs, self._pool = blobs, pool
        self._open, self._in_it = TarShard(), list[tuple[TreeFile, int]]()
        self._kept: list[tuple[TreeFile, list[Future[BlobRef]], int]] = []
        self._sent: deque[Future[BlobRef]] = deque()

    def add(self, file: TreeFile, content: bytes) -> None:
        """Keep a file with others in a shard."""
        self._in_it.append((file, self._open.add(_member(file), content)))
        long_enough = len(self._open) >= SHARD_BYTES and _ends_here(file)
        if long_enough or len(self._open) >= MOST_SHARD_BYTES:
            self._close()

    def add_large(self, file: TreeFile) -> None:
        """Read a file where it lies, and keep it in blobs of its own."""
        refs = [self._send(piece, "application/octet-stream") for piece in _pieces(file.chunks())]
        self._kept.append((file, refs, 0))

    def finish(self) -> list[TreeFile]:
        """All files as they lie in the store now."""
        self._close()
        return [
            replace(file, place=InShards(tuple(ref.result() for ref in refs), offset, self._blobs))
            for file, refs, offset in self._kept
        ]

    def _close(self) -> None:
        if self._in_it:
            ref = self._send(self._open.close(), MEDIA_TYPE)
            self._kept += [(file, [ref], offset) for file, offset in self._in_it]
            self._open, self._in_it = TarShard(), []

    def _send(self, data: bytes, media_type: str) -> Future[BlobRef]:
        while len(self._sent) >= SENDERS:
            self._sent.popleft().result()
        here = copy_context()  # what the stage puts is recorded
        self._sent.append(self._pool.submit(here.run, self._blobs.put, data, media_type))
        return self._sent[-1]


def keep(files: Iterable[TreeFile], blobs: BlobStore) -> list[TreeFile]:
    """Files in the store, wherever they lay; what is there already stays where it is.

    Raises EncodeError where one is not what its digest says, or is gone.
    """
    given = list(files)
    missing = [file for file in given if not isinstance(file.place, InShards)]
    try:
        with ThreadPoolExecutor(SENDERS) as pool:
            writer = TreeWriter(blobs, pool)
            for file, content in contents([file for file in missing if file.size < LARGE]):
                writer.add(file, content)
            for file in missing:
                if file.size >= LARGE:
                    writer.add_large(file)
            return [*(file for file in given if isinstance(file.place, InShards)), *writer.finish()]
    except InputError as error:
        problem = f"cannot be kept: {error} A folder must stay as it is until its stage has ended."
        raise EncodeError(problem, **error.context) from error


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
