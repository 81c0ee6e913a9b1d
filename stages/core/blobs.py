"""Binaries by digest: `blobs/sha256/…` in the store, through the cache of the machine that asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypedDict, TypeGuard

from stages.core.cache import BlobCache
from stages.core.digests import digest_of
from stages.core.errors import BlobDamaged, ContractError, ObjectMissing
from stages.core.objects import ObjectStore

_DIGEST = re.compile("sha256:[0-9a-f]{64}")


class BlobRef(TypedDict):
    """How an envelope refers to a blob: digest (`sha256:…`), size in bytes, media type."""

    blob: str
    size: int
    media_type: str


def is_ref(value: Any) -> TypeGuard[BlobRef]:
    """Whether a JSON value is a reference to a blob, and not just a dict with the same keys."""
    if not isinstance(value, dict) or value.keys() != {"blob", "size", "media_type"}:
        return False
    digest, size = value["blob"], value["size"]
    return isinstance(digest, str) and _DIGEST.fullmatch(digest) is not None and type(size) is int and size >= 0


def refs_in(value: Any) -> Iterator[BlobRef]:
    """Every reference in a JSON value."""
    if is_ref(value):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from refs_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from refs_in(part)


def blob_key(digest: str) -> str:
    """Where in the bucket a blob lies. Raises BlobDamaged for what is no digest: it would lead elsewhere."""
    if not _DIGEST.fullmatch(digest):
        raise BlobDamaged(f"{digest!r} is no digest of a blob (sha256: and 64 hex digits).", digest=digest)
    return "blobs/sha256/" + digest.removeprefix("sha256:")


class BlobStore:
    """Puts and gets blobs. Safe to share between threads."""

    def __init__(self, store: ObjectStore, cache: BlobCache) -> None:
        self.store, self.cache = store, cache

    def __reduce__(self) -> tuple[Any, ...]:
        """To another process it goes as the one that is current there: keys and cache are each process's own."""
        return blobs, ()

    def put(self, data: bytes, media_type: str = "application/octet-stream") -> BlobRef:
        """Keep `data`; the reference belongs into what the stage writes. Always sent: this heals a damaged blob."""
        ref: BlobRef = {"blob": digest_of(data), "size": len(data), "media_type": media_type}
        self.store.put(blob_key(ref["blob"]), data, media_type)
        self.cache.write(ref["blob"], data)
        if (recorded := _recorded.get()) is not None:
            recorded.append(ref)
        return ref

    def get(self, ref: BlobRef) -> bytes:
        """The whole blob. Raises BlobDamaged when the store has lost or changed it."""
        return self.read(ref, 0, ref["size"])

    def read(self, ref: BlobRef, start: int, size: int) -> bytes:
        """A part of a blob. The blob is fetched whole, since only a whole one can be verified."""
        blob_key(ref["blob"])
        if (
            self.cache.holds(ref["blob"], ref["size"])
            and (data := self.cache.read(ref["blob"], start, size)) is not None
        ):
            return data
        return self._fetch(ref)[start : start + size]

    def is_whole(self, ref: BlobRef) -> bool:
        """Whether the store says that the blob is there, of the right size and (where it keeps one) checksum."""
        try:
            head = self.store.head(blob_key(ref["blob"]))
        except ObjectMissing:
            return False
        digest = ref["blob"].removeprefix("sha256:")
        return head.size == ref["size"] and head.sha256 in (None, digest)

    def _fetch(self, ref: BlobRef) -> bytes:
        key = blob_key(ref["blob"])
        for _ in range(2):  # a second look, so that a fault of the network does not condemn the blob
            try:
                data = self.store.get(key)
            except ObjectMissing:
                raise self._damaged(ref, "is gone") from None
            if digest_of(data) == ref["blob"]:
                self.cache.write(ref["blob"], data)
                return data
        self.store.delete(key)  # worthless under this name; without it no checkpoint that refers to it counts as a hit
        raise self._damaged(ref, f"holds {len(data)} bytes that are not those that were written ({ref['size']} bytes)")

    def _damaged(self, ref: BlobRef, found: str) -> BlobDamaged:
        uri = self.store.address.url + blob_key(ref["blob"])
        return BlobDamaged(
            f"{uri} {found}. The checkpoints that refer to it are dropped; run again to make them anew.",
            uri=uri,
            digest=ref["blob"],
        )


_current: ContextVar[BlobStore | None] = ContextVar("blobs", default=None)
_recorded: ContextVar[list[BlobRef] | None] = ContextVar("recorded", default=None)


def blobs() -> BlobStore:
    """The blob store of the stage that is running (or of its serialiser). Raises ContractError outside of both."""
    if (current := _current.get()) is None:
        raise ContractError("stages.blobs() is only there inside a stage's function, serialize_fn or deserialize_fn.")
    return current


@contextmanager
def using(store: BlobStore) -> Iterator[None]:
    """Make `store` what `blobs()` gives in this context."""
    token = _current.set(store)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def recording() -> Iterator[list[BlobRef]]:
    """Collect the references that are made in this context."""
    refs: list[BlobRef] = []
    token = _recorded.set(refs)
    try:
        yield refs
    finally:
        _recorded.reset(token)
