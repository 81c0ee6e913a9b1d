"""An S3 bucket, spoken to through boto3, with the errors of this project instead of botocore's."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from stages.core.store_address import StoreAddress
from stages.core.store_client import S3Client, connect
from stages.core.store_errors import setting_errors, store_errors


@dataclass(frozen=True)
class ObjectHead:
    """What a HEAD tells: size in bytes, ETag, and the sha256 in hex where the store kept one."""

    size: int
    etag: str
    sha256: str | None = None
    modified: datetime | None = None


class ObjectStore:
    """Whole objects by key below one bucket and prefix. Safe to share between threads."""

    def __init__(self, address: StoreAddress) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._client: S3Client = None

    @property
    def client(self) -> S3Client:
        """The boto3 client, made at first use. Raises UsageError where the endpoint or the AWS settings are no good."""
        with self._lock:
            if self._client is None:
                with setting_errors():
                    self._client = connect(self.address)
            return self._client

    def put(self, key: str, data: bytes, media_type: str = "application/octet-stream") -> None:
        """Write a whole object. The store itself checks the sha256, so that what lies there is what was meant."""
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        with self._named(key):
            self.client.put_object(
                Bucket=self.address.bucket,
                Key=self._key(key),
                Body=data,
                ContentType=media_type,
                ChecksumSHA256=checksum,
            )

    def get(self, key: str, start: int = 0, size: int | None = None) -> bytes:
        """Read an object from `start`, `size` bytes of it or to its end. Raises ObjectMissing."""
        if size == 0:
            return b""  # a range cannot say "nothing"; S3 would send the whole object
        end = "" if size is None else start + size - 1
        span = {"Range": f"bytes={start}-{end}"} if start or size is not None else {}
        with self._named(key):
            answer = self.client.get_object(Bucket=self.address.bucket, Key=self._key(key), **span)
            return bytes(answer["Body"].read())

    def head(self, key: str) -> ObjectHead:
        """Size and digest of an object without reading it. Raises ObjectMissing."""
        with self._named(key):
            head = self.client.head_object(Bucket=self.address.bucket, Key=self._key(key), ChecksumMode="ENABLED")
        kept = head.get("ChecksumSHA256")
        whole = kept is not None and "-" not in kept  # "digest-parts" is a digest of digests
        sha256 = base64.b64decode(kept).hex() if kept and whole else None
        return ObjectHead(head["ContentLength"], head["ETag"].strip('"'), sha256, head["LastModified"])

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        with self._named(key):
            self.client.delete_object(Bucket=self.address.bucket, Key=self._key(key))

    def list(self, under: str, folders: bool = False) -> Iterator[str]:
        """Keys below `under`, sorted; with `folders`, the names one level below it instead."""
        ask: dict[str, Any] = {"Bucket": self.address.bucket, "Prefix": self._key(under)}
        with self._named(under):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(**ask, **({"Delimiter": "/"} if folders else {})):
                found = [p["Prefix"] for p in page.get("CommonPrefixes", [])]
                found += [o["Key"] for o in page.get("Contents", [])] if not folders else []
                yield from (key[len(self.address.prefix) :] for key in found)

    def presigned(self, key: str, seconds: int = 3600, name: str = "") -> str:
        """An address of the object that works in a browser for so long; saved, it is called `name`."""
        ask = {"Bucket": self.address.bucket, "Key": self._key(key)}
        if name:
            ask["ResponseContentDisposition"] = f"inline; filename*=UTF-8''{quote(name, safe='')}"
        with self._named(key):
            return str(self.client.generate_presigned_url("get_object", Params=ask, ExpiresIn=seconds))

    def check(self) -> None:
        """Raise what is wrong with the address, the key or the bucket; say nothing where all is well."""
        with self._named(""):
            self.client.head_bucket(Bucket=self.address.bucket)

    def _key(self, key: str) -> str:
        return self.address.prefix + key

    def _named(self, key: str) -> AbstractContextManager[None]:
        return store_errors(self.address, key)
