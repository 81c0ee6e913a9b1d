"""Uploads to a bucket."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stages.core.errors import ObjectMissing, StoreError
from stages.core.objects import ObjectHead, ObjectStore
from stages.datatypes.tree_file import digest_of_chunks

LARGE_BYTES = 64 << 20
"""What has more goes in parts, and is read in such."""


@dataclass(frozen=True)
class OnStore:
    """Objects whose keys begin with a prefix. An object is there whole or not at all, by what S3 is."""

    store: ObjectStore
    prefix: str

    @property
    def uri(self) -> str:
        """See UploadPlace."""
        return f"{self.store.address.url}{self.prefix}"

    def digest(self, path: str) -> str | None:
        """See UploadPlace. Read only where the store keeps no checksum of it."""
        try:
            head = self.store.head(self.prefix + path)
            return f"sha256:{head.sha256}" if head.sha256 else digest_of_chunks(self._chunks(path, head))[0]
        except ObjectMissing:
            return None

    def put(self, path: str, file: Path, digest: str) -> None:
        """See UploadPlace."""
        key, media_type = self.prefix + path, mimetypes.guess_type(path)[0] or "application/octet-stream"
        if file.stat().st_size > LARGE_BYTES and type(self.store) is ObjectStore:
            _InParts(self.store.address).put_file(key, file, media_type)
        else:
            self.store.put(key, file.read_bytes(), media_type)
        if self.digest(path) != digest:
            with suppress(StoreError):
                self.remove(path)
            raise StoreError(f"{self.uri}{path} holds other bytes than {file} had. Upload again.", uri=self.uri + path)

    def remove(self, path: str) -> None:
        """See UploadPlace."""
        self.store.delete(self.prefix + path)

    def _chunks(self, path: str, head: ObjectHead) -> Iterator[bytes]:
        for start in range(0, head.size, LARGE_BYTES):
            yield self.store.get(self.prefix + path, start, min(LARGE_BYTES, head.size - start))


class _InParts(ObjectStore):
    def put_file(self, key: str, file: Path, media_type: str) -> None:
        """Write an object from a file, without holding all of it; a part that fails leaves nothing to be seen."""
        with self._named(key):
            extra = {"ContentType": media_type}
            self.client.upload_file(str(file), self.address.bucket, self._key(key), ExtraArgs=extra)
