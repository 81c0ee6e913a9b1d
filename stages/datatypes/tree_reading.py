"""Reading many files of a tree: each shard is fetched once for all files that follow each other in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from stages.core.blobs import BlobRef
from stages.datatypes.tree_file import TreeFile
from stages.datatypes.tree_shards import InShards


def shard_of(file: TreeFile) -> tuple[str, BlobRef] | None:
    """The one shard in which a file lies; None where it is not in one alone."""
    if not isinstance(file.place, InShards) or len(file.place.refs) != 1:
        return None
    [ref] = file.place.refs
    return ref["blob"], ref


def in_shard_order(files: Iterable[TreeFile]) -> Iterator[tuple[TreeFile, bytes]]:
    """Files with their contents, verified, in the order in which they are given. Holds one shard in memory."""
    for shard, some in groupby(files, shard_of):
        if shard is None:
            yield from ((file, file.read()) for file in some)
        else:
            yield from _of_shard(shard[1], list(some))


def _of_shard(ref: BlobRef, files: list[TreeFile]) -> Iterator[tuple[TreeFile, bytes]]:
    if len(files) == 1:  # a part is read as fast as it is, where the cache has the shard
        yield files[0], files[0].read()
        return
    place = files[0].place
    assert isinstance(place, InShards)
    shard = memoryview(place.blobs.get(ref))
    for file in files:
        offset = file.place.offset if isinstance(file.place, InShards) else 0
        yield file, b"".join(file.verified(iter([bytes(shard[offset : offset + file.size])])))
