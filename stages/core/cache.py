"""Blobs by digest in a folder of this machine: a GET from the store happens once, and never serves stale bytes."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from pathlib import Path


class BlobCache:
    """A bounded folder of blobs. What is in it was verified when it was written. Shared by threads and processes.

    A cache that cannot be written (full disk, no right) is no error: it just keeps nothing.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        """`limit` in bytes; the least recently used go first, down to nine tenths of it."""
        self.folder, self.limit = folder, limit
        self._lock = threading.Lock()
        self._held: int | None = None

    def path(self, digest: str) -> Path:
        """Where the blob of this digest (`sha256:…`) lies or would lie."""
        name = digest.removeprefix("sha256:")
        return self.folder / name[:2] / name

    def read(self, digest: str, start: int = 0, size: int | None = None) -> bytes | None:
        """The blob, or `size` bytes of it from `start`; None where it is not held."""
        try:
            with self.path(digest).open("rb") as file:
                file.seek(start)
                data = file.read() if size is None else file.read(size)
                os.utime(file.fileno())
        except OSError:
            return None
        return data

    def holds(self, digest: str, size: int) -> bool:
        """Whether the blob is here, whole."""
        try:
            return self.path(digest).stat().st_size == size
        except OSError:
            return False

    def write(self, digest: str, data: bytes) -> None:
        """Keep a blob whose digest the caller has verified."""
        if self.holds(digest, len(data)) or len(data) > self.limit:
            return
        path = self.path(digest)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as part:
                try:
                    part.write(data)
                    part.flush()
                    os.replace(part.name, path)
                except OSError:
                    os.unlink(part.name)  # a full disk keeps no half blob
                    raise
            self._count(len(data))

    def drop(self, digest: str) -> None:
        """Forget a blob."""
        with contextlib.suppress(OSError):
            self.path(digest).unlink()

    def _count(self, size: int) -> None:
        with self._lock:
            self._held = sum(s for _, s, _ in self._files()) if self._held is None else self._held + size
            if self._held > self.limit:
                self._evict()

    def _evict(self) -> None:
        files = sorted(self._files())
        self._held = sum(size for _, size, _ in files)
        for _, size, path in files:
            if self._held <= 0.9 * self.limit:
                break
            path.unlink(missing_ok=True)
            self._held -= size

    def _files(self) -> list[tuple[float, int, Path]]:
        found = []
        for path in self.folder.glob("??/*"):
            with contextlib.suppress(OSError):
                found.append(((stat := path.stat()).st_mtime, stat.st_size, path))
        return found
