"""Uncompressed tar files, made member by member in memory: what `tar tf` lists, and the same bytes every time."""

from __future__ import annotations

import io
import tarfile

MEDIA_TYPE = "application/x-tar"
BLOCK = tarfile.BLOCKSIZE


class TarShard:
    """A tar file in the making. Owner, time and mode of its members are fixed, so equal content is an equal file."""

    def __init__(self) -> None:
        self._data = io.BytesIO()

    def __len__(self) -> int:
        return self._data.tell()

    def add(self, name: str, content: bytes) -> int:
        """Append a member; gives the offset of its content in the file. `name` has at most 100 ASCII characters."""
        header = tarfile.TarInfo(name)
        header.size, header.mode = len(content), 0o644
        self._data.write(header.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict"))
        offset = len(self)
        self._data.write(content)
        self._data.write(bytes(-len(content) % BLOCK))
        return offset

    def close(self) -> bytes:
        """The whole file, with the two empty blocks that end a tar. Nothing can be added after it."""
        self._data.write(bytes(2 * BLOCK))
        return self._data.getvalue()  # the buffer itself, not a copy, as nothing is written any more
