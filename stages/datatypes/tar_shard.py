"""Uncompressed tar files, made member by member in memory: what `tar tf` lists, and the same bytes every time."""

from __future__ import annotations

import tarfile

MEDIA_TYPE = "application/x-tar"
BLOCK = tarfile.BLOCKSIZE


class TarShard:
    """A tar file in the making. Owner, time and mode of its members are fixed, so equal content is an equal file."""

    def __init__(self) -> None:
        self._data = bytearray()

    def __len__(self) -> int:
        return len(self._data)

    def add(self, name: str, content: bytes) -> int:
        """Append a member; gives the offset of its content in the file. `name` has at most 100 ASCII characters."""
        header = tarfile.TarInfo(name)
        header.size, header.mode = len(content), 0o644
        self._data += header.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")
        offset = len(self._data)
        self._data += content
        self._data += bytes(-len(content) % BLOCK)
        return offset

    def close(self) -> bytes:
        """The whole file, with the two empty blocks that end a tar."""
        return bytes(self._data) + bytes(2 * BLOCK)
