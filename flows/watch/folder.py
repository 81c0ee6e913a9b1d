"""The folder of a bucket that is watched, and the objects in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from stages.core.errors import BucketMissing, InputError, UsageError
from stages.core.objects import ObjectStore
from stages.core.store_address import StoreAddress
from stages.datatypes.s3_input import s3_options, split

_OWN = ("results/", "blobs/", "cache/", "jobs/", "batches/", "failures/", "watch/")
"""What Stagewright itself writes below its prefix: never taken for new, else a report could start the next job."""


@dataclass(frozen=True)
class Found:
    """An object of the folder: address, key below the folder, content by ETag, bytes, time of writing."""

    uri: str
    name: str
    etag: str
    size: int
    modified: datetime

    @property
    def fault(self) -> str | None:
        """Why no run can be started for it, if none can."""
        if self.size == 0:
            return f"{self.uri} is empty (0 bytes). Upload it again."
        try:
            bucket, key = split(self.uri)
        except InputError as error:
            return str(error)
        if f"s3://{bucket}/{key}" != self.uri:
            return f"{self.uri!r} cannot be an address, since its key is read as {key!r}. Give the object another name."
        return None


class Folder(ObjectStore):
    """The objects below one prefix of a bucket, which may be the product's own or any other."""

    def __init__(self, uri: str, own: StoreAddress) -> None:
        self.uri, self._own = uri, own
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        super().__init__(replace(s3_options(bucket), prefix=prefix))

    def objects(self) -> Iterator[Found]:
        """All that lie there now, but for what stands for a folder. Raises StoreError."""
        bucket = self.address.bucket
        try:
            for told in self._listed():
                if not told["Key"].endswith("/") and not _is_own(bucket, told["Key"], self._own):
                    yield self._found(told["Key"], told["ETag"], told["Size"], told["LastModified"])
        except BucketMissing as error:
            problem = f"{self.uri} cannot be watched: the store has no bucket {bucket!r}. Check its name."
            raise BucketMissing(problem, uri=self.uri) from error

    def _listed(self) -> Iterator[dict[str, Any]]:
        with self._named(""):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.address.bucket, Prefix=self.address.prefix):
                yield from page.get("Contents", [])

    def _found(self, key: str, etag: str, size: int, modified: datetime) -> Found:
        name = key[len(self.address.prefix) :]
        return Found(f"s3://{self.address.bucket}/{key}", name, etag.strip('"'), size, modified)


def folder_uri(given: str, own: StoreAddress) -> str:
    """The address of the folder: `s3://bucket/folder/`, or of a folder below the store's own prefix.

    Raises UsageError for what is no folder of a bucket, and for one that Stagewright itself writes to.
    """
    if "://" not in given and not given.startswith(("/", "~", ".")):
        given = own.url + given
    bucket, _, key = given.removeprefix("s3://").partition("/")
    if not given.startswith("s3://") or not bucket:
        raise UsageError(
            f"{given!r} cannot be watched: give s3://bucket/folder/, or a folder of the store itself, as incoming/."
        )
    key += "/" if key and not key.endswith("/") else ""
    if _is_own(bucket, key, own):
        raise UsageError(
            f"s3://{bucket}/{key} cannot be watched: Stagewright itself writes there. Watch another folder."
        )
    return f"s3://{bucket}/{key}"


def _is_own(bucket: str, key: str, own: StoreAddress) -> bool:
    return bucket == own.bucket and key.startswith(tuple(own.prefix + folder for folder in _OWN))
