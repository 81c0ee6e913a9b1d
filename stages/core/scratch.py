"""A blob store in the memory of this process, for calls whose values need not outlive it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from stages.core.blobs import BlobStore
from stages.core.cache import BlobCache
from stages.core.digests import digest_of
from stages.core.errors import ObjectMissing
from stages.core.objects import ObjectHead, ObjectStore
from stages.core.store_address import StoreAddress


class ScratchStore(ObjectStore):
    """Objects in a dict, which can be looked into (and, in tests, tampered with)."""

    def __init__(self) -> None:
        super().__init__(StoreAddress("memory"))
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, data: bytes, media_type: str = "application/octet-stream") -> None:
        """See ObjectStore."""
        self.objects[key] = bytes(data)

    def get(self, key: str, start: int = 0, size: int | None = None) -> bytes:
        """See ObjectStore."""
        data = self._at(key)
        return data if size is None else data[start : start + size]

    def head(self, key: str) -> ObjectHead:
        """See ObjectStore."""
        digest = digest_of(data := self._at(key)).removeprefix("sha256:")
        return ObjectHead(len(data), digest[:32], digest)

    def delete(self, key: str) -> None:
        """See ObjectStore."""
        self.objects.pop(key, None)

    def list(self, under: str, folders: bool = False) -> Iterator[str]:
        """See ObjectStore."""
        found = sorted(key for key in self.objects if key.startswith(under))
        cut = len(under)
        inside = {under + key[cut:].split("/")[0] + "/" for key in found if "/" in key[cut:]}
        return iter(sorted(inside) if folders else found)

    def _at(self, key: str) -> bytes:
        if key not in self.objects:
            raise ObjectMissing(f"memory: there is no {key}.", uri=key)
        return self.objects[key]


def scratch_blobs() -> BlobStore:
    """A new one. Nothing is cached on disk: it is in memory already."""
    return BlobStore(ScratchStore(), BlobCache(Path(tempfile.gettempdir()) / "stagewright-nothing", limit=-1))
