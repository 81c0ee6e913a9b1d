"""A tree of files that lies below a prefix of a bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from stages.core.blobs import BlobStore
from stages.core.errors import BucketMissing, InputError, ObjectMissing, StoreDenied
from stages.core.memo import Memo
from stages.core.objects import ObjectStore
from stages.core.store_address import StoreAddress
from stages.datatypes.fault_list import FaultList
from stages.datatypes.s3_input import s3_options
from stages.datatypes.tree_file import CHUNK_BYTES, TreeFile, digest_of_chunks
from stages.datatypes.tree_folder import MOST_BYTES, MOST_FILES
from stages.datatypes.tree_paths import faults_of, is_left_out

READERS = 8
"""Objects that are read at once: small ones cost a round trip each, whatever their size."""


class Prefix(ObjectStore):
    """The objects below one prefix of a bucket."""

    def objects(self, path: str = "") -> Iterator[tuple[str, int, str]]:
        """Path below the prefix, bytes and ETag of each whose path begins so."""
        with self._named(path):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.address.bucket, Prefix=self._key(path)):
                for told in page.get("Contents", []):
                    if not told["Key"].endswith("/"):  # what stands for a folder
                        yield told["Key"][len(self.address.prefix) :], told["Size"], told["ETag"].strip('"')

    def chunks(self, path: str) -> Iterator[tuple[str, bytes]]:
        """ETag and bytes of an object, in pieces."""
        with self._named(path):
            answer = self.client.get_object(Bucket=self.address.bucket, Key=self._key(path))
            for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                yield answer["ETag"].strip('"'), chunk


@dataclass(frozen=True)
class OnS3:
    """The place of an object below a prefix, `s3://bucket/prefix/`; `etag` is what S3 says of its content."""

    uri: str
    etag: str

    @property
    def named(self) -> str:
        """See Place."""
        return self.uri

    def chunks(self, file: TreeFile) -> Iterator[bytes]:
        """See Place."""
        with _named(self.uri + file.path):
            for etag, chunk in _prefix(self.uri).chunks(file.path):
                if etag != self.etag:
                    raise self.changed(file, f"{etag}, it was {self.etag}, by its ETag")
                yield chunk

    def changed(self, file: TreeFile, found: str) -> InputError:
        """See Place."""
        uri = self.uri + file.path
        return InputError(f"{uri} has changed since the job began: it is {found}. Run again.", uri=uri)


def files_below(uri: str, leave_out: Callable[[str], bool] = is_left_out) -> list[TreeFile]:
    """Every object below `s3://bucket/prefix/`, in order of path, without its digest. Raises InputError."""
    uri = uri if uri.endswith("/") else f"{uri}/"
    faults = FaultList(uri, "cannot be taken as a tree of files")
    found: dict[str, TreeFile] = {}
    size = 0
    for path, bytes_, etag in _listed(uri):
        if any(map(leave_out, path.split("/"))):
            continue
        found[path], size = TreeFile(path, bytes_, None, OnS3(uri, etag)), size + bytes_
        if len(found) > MOST_FILES or size > MOST_BYTES:
            limit = f"{MOST_FILES:,} objects or {MOST_BYTES >> 30:,} GiB"
            raise InputError(f"{uri} holds more than {limit}. Is it the right prefix? Else split it.", uri=uri)
    for path, why in faults_of(found):
        faults.add(why, path)
    if not found:
        faults.add("nothing lies there; check the bucket and the prefix")
    faults.refuse()
    return [found[path] for path in sorted(found)]


def object_at(uri: str) -> TreeFile:
    """A single object, as a tree that holds nothing else. Raises InputError."""
    folder, _, name = uri.rpartition("/")
    for path, size, etag in _listed(f"{folder}/", name):
        if path == name:
            for _, why in faults_of([name]):
                raise InputError(f"{uri} {why}.", uri=uri)
            return TreeFile(name, size, None, OnS3(f"{folder}/", etag))
    raise InputError(f"{uri} is not there. Check the bucket and the key; a folder ends with '/'.", uri=uri)


def with_digests(files: Iterable[TreeFile], blobs: BlobStore) -> list[TreeFile]:
    """The same, each with its digest. An object is read for it once: while it keeps its ETag, the digest is known."""
    given = list(files)
    unknown: dict[str, list[TreeFile]] = {}
    for file in given:
        if file.digest is None and isinstance(file.place, OnS3):
            unknown.setdefault(file.place.uri, []).append(file)
    known = {uri: _digests(uri, own, Memo(blobs.store, "digests")) for uri, own in unknown.items()}
    return [
        replace(file, digest=known[file.place.uri][file.path])
        if file.digest is None and isinstance(file.place, OnS3)
        else file
        for file in given
    ]


def _digests(uri: str, files: list[TreeFile], memo: Memo) -> Mapping[str, str]:
    kept = memo.get(uri) or {}  # path -> [ETag, bytes, digest]
    now = {file.path: [file.place.etag, file.size] for file in files if isinstance(file.place, OnS3)}
    found = {path: kept[path][2] for path, told in now.items() if path in kept and kept[path][:2] == told}
    asked = [file for file in files if file.path not in found]
    if asked:
        with ThreadPoolExecutor(READERS) as pool:
            told_now = pool.map(lambda file: digest_of_chunks(file.chunks())[0], asked)
            found |= {file.path: digest for file, digest in zip(asked, told_now, strict=True)}
        memo.put(uri, kept | {path: [*now[path], found[path]] for path in now})
    return found


def _listed(uri: str, path: str = "") -> Iterator[tuple[str, int, str]]:
    with _named(uri + path):
        yield from _prefix(uri).objects(path)


def _prefix(uri: str) -> Prefix:
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    if not bucket:
        raise InputError(f"{uri} names no bucket. Give it as s3://bucket/folder/.", uri=uri)
    return _connected(replace(s3_options(bucket), prefix=prefix))


@lru_cache(16)
def _connected(address: StoreAddress) -> Prefix:
    return Prefix(address)  # a client takes longer to make than an object to read


@contextmanager
def _named(uri: str) -> Any:
    try:
        yield
    except (ObjectMissing, BucketMissing) as error:
        raise InputError(f"{uri} is not there. Check the bucket and the path.", uri=uri) from error
    except StoreDenied as error:
        raise InputError(f"{uri} may not be read with these AWS credentials ({error}).", uri=uri) from error
