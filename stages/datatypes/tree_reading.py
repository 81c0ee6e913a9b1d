"""Reading many files of a tree: several at once from S3, and a shard once for all that follow each other in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, islice

from stages.core.blobs import BlobRef
from stages.datatypes.in_shards import InShards
from stages.datatypes.tree_file import TreeFile
from stages.datatypes.tree_on_s3 import READERS, OnS3


def shard_of(file: TreeFile) -> tuple[str, BlobRef] | None:
    """The one shard in which a file lies; None where it is not in one alone."""
    if not isinstance(file.place, InShards) or len(file.place.refs) != 1:
        return None
    [ref] = file.place.refs
    return ref["blob"], ref


def contents(files: Sequence[TreeFile]) -> Iterator[tuple[TreeFile, bytes]]:
    """Files with their contents, verified, in the order in which they are given. Some of them are held in memory."""
    if not any(isinstance(file.place, OnS3) for file in files):
        yield from in_shard_order(files)
        return
    waiting = iter(files)
    with ThreadPoolExecutor(READERS) as pool:
        while some := list(islice(waiting, 8 * READERS)):
            yield from zip(some, pool.map(TreeFile.read, some), strict=True)


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
