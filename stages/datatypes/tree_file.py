"""One file of a tree: what it holds, and where that lies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from stages.core.errors import StagewrightError

CHUNK_BYTES = 4 << 20


class Place(Protocol):
    """Where the bytes of a file lie. `named`: as a message says it of the tree."""

    @property
    def named(self) -> str: ...

    def chunks(self, file: TreeFile) -> Iterator[bytes]:
        """Its bytes in order, as they lie there now."""

    def changed(self, file: TreeFile, found: str) -> StagewrightError:
        """The error for a file that is no longer what it was; `found` says what it is instead."""


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file, known by its content.

    path    below the root of the tree, parts joined by "/"
    size    bytes
    digest  `sha256:…` of its bytes; None while it lies on S3 and nobody has asked
    """

    path: str
    size: int
    digest: str | None
    place: Place = field(repr=False, compare=False)

    def chunks(self) -> Iterator[bytes]:
        """Its bytes in order. That they are not the file's is an error after the last of them: trust none till then."""
        return self.verified(self.place.chunks(self))

    def verified(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass on bytes that should be this file's; raises the place's error when they are not."""
        digest, size = hashlib.sha256(), 0
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            yield chunk
        if size != self.size:
            raise self.place.changed(self, f"{size} bytes, it had {self.size}")
        if self.digest not in (None, f"sha256:{digest.hexdigest()}"):
            raise self.place.changed(self, "of the same size, but other bytes")

    def read(self) -> bytes:
        """All of its bytes, verified."""
        chunks = list(self.chunks())
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def digest_of_chunks(chunks: Iterator[bytes]) -> tuple[str, int]:
    """Digest and size of bytes that come in pieces."""
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
    return f"sha256:{digest.hexdigest()}", size
