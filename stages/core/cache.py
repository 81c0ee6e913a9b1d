"""Blobs by digest in a folder of this machine: a GET from the store happens once, and never serves stale bytes."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from pathlib import Path


class BlobCache:
    """A bounded folder of blobs. What is in it was verified when it was written. Shared by threads, and by processes,
    each of which may take it past its limit by a twentieth.

    A cache that cannot be written (full disk, no right) is no error: it just keeps nothing.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        """`limit` in bytes; the least recently used go first, down to nine tenths of it."""
        self.folder, self.limit = folder, limit
        self._lock = threading.Lock()
        self._held: int | None = None  # when the folder was last looked at
        self._added = 0  # by this process since then

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
                with contextlib.suppress(OSError):  # another user's folder, or one that is read-only
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
            self._added += size
            # other processes write into the folder too: it is looked at again after a twentieth of the limit
            if self._held is None or self._held + self._added > self.limit or self._added > self.limit / 20:
                self._tidy()

    def _tidy(self) -> None:
        files = sorted(self._files())
        held, most = sum(size for _, size, _ in files), self.limit
        for _, size, path in files:
            if held <= most:
                break
            most = int(0.9 * self.limit)
            path.unlink(missing_ok=True)
            held -= size
        self._held, self._added = held, 0

    def _files(self) -> list[tuple[float, int, Path]]:
        found = []
        for path in self.folder.glob("??/*"):
            with contextlib.suppress(OSError):
                found.append(((stat := path.stat()).st_mtime, stat.st_size, path))
        return found
