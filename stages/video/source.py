"""The file that a demuxer reads, watched: FFmpeg takes a failing read for the end of the file, and so would we."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from stages.core.errors import InputError, StagewrightError
from stages.datatypes import Video


class WatchedFile:
    """A file for a demuxer. Remembers the first error of reading it, which FFmpeg and PyAV may drop."""

    def __init__(self, file: IO[bytes], uri: str) -> None:
        self._file, self._uri = file, uri
        self.error: StagewrightError | None = None

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes. Raises InputError or a StoreError, and never reads on after one."""
        if self.error is not None:
            raise self.error
        try:
            return self._file.read(size)
        except StagewrightError as error:
            self.error = error
            raise
        except OSError as error:
            self.error = InputError(f"{self._uri} cannot be read: {error.strerror or error}.", uri=self._uri)
            raise self.error from error

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go somewhere; where that is, from the beginning."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Where it is, bytes from the beginning."""
        return self._file.tell()


@contextmanager
def watched(video: Video) -> Iterator[WatchedFile]:
    """The video's file. Whatever happens while it is open, an error of reading it is what is raised."""
    with video.open() as file:
        source = WatchedFile(file, video.uri)
        try:
            yield source
        except Exception as error:
            if source.error is not None and source.error is not error:
                raise source.error from error
            raise
        if source.error is not None:
            raise source.error
