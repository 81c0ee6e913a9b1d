"""`Video`: the input of most jobs, known by what it holds and not by where it lies."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar
from urllib.parse import urlsplit

from stages.core.blobs import BlobStore
from stages.core.datatype import DataType, Json
from stages.core.errors import InputError
from stages.datatypes import s3_input
from stages.datatypes.addresses import local_path

CHUNK_BYTES = 8 << 20


@dataclass(frozen=True)
class Video(DataType):
    """A video file, local or on S3.

    uri      where it lies: a path, or s3://bucket/key
    content  what it holds: `sha256:…`, or `etag:…` where S3 keeps no checksum of the whole
    size     bytes
    """

    name: ClassVar[str] = "Video"
    format: ClassVar[str] = "media"
    description: ClassVar[str] = "A video file: a path, file:// or s3:// address. Known by its content, not its place."

    uri: str
    content: str
    size: int

    @classmethod
    def from_address(cls, address: str) -> Video:
        """The video at a path, file:// or s3:// address, with the digest of its content.

        Raises InputError that says what was found there; StoreUnreachable where S3 does not answer.
        """
        scheme = urlsplit(address).scheme
        if scheme == "s3":
            return cls._on_s3(address)
        if scheme in ("http", "https", "ftp", "rtsp", "gs"):
            raise InputError(f"{address}: {scheme}:// is not read. Download it, or put it on S3.", uri=address)
        return cls._local(local_path(address))

    @classmethod
    def _on_s3(cls, uri: str) -> Video:
        head = s3_input.head(uri)
        if head.size == 0:
            raise InputError(f"{uri} is empty (0 bytes). Upload it again.", uri=uri)
        content = f"sha256:{head.sha256}" if head.sha256 else f"etag:{head.etag}"
        return cls(uri, content, head.size)

    @classmethod
    def _local(cls, path: Path) -> Video:
        uri = str(path)
        _refuse_what_is_no_file(path)
        try:
            content, size = _digest_of_file(path)
        except OSError as error:
            raise InputError(f"{uri} cannot be read: {error.strerror}. Check its permissions.", uri=uri) from error
        if size == 0:
            raise InputError(f"{uri} is empty (0 bytes). Was it copied whole?", uri=uri)
        return cls(uri, content, size)

    def open(self) -> IO[bytes]:
        """The file, seekable, for reading. Raises InputError where it is gone or no longer of the size it was keyed by.

        A file-like object in both cases: a demuxer that is given a path would follow what a playlist names.
        """
        file = s3_input.open_object(self.uri) if self.uri.startswith("s3://") else self._open_local()
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        if size != self.size:
            file.close()
            raise InputError(
                f"{self.uri} has changed since this job began: {size} bytes, it had {self.size}. Run again.",
                uri=self.uri,
            )
        return file

    def _open_local(self) -> IO[bytes]:
        path = Path(self.uri)
        _refuse_what_is_no_file(path)
        try:
            return path.open("rb")
        except OSError as error:
            problem = f"{self.uri} cannot be read: {error.strerror}. Check its permissions."
            raise InputError(problem, uri=self.uri) from error

    def encode(self, blobs: BlobStore) -> Json:
        """See DataType. The video itself stays where it is."""
        return {"uri": self.uri, "content": self.content, "size": self.size}

    @classmethod
    def decode(cls, data: Json, blobs: BlobStore) -> Video:
        """See DataType."""
        return cls(data["uri"], data["content"], data["size"])

    @classmethod
    def identity(cls, data: Json) -> Json:
        """The content alone: the same film at another address is the same input."""
        return {"content": data["content"], "size": data["size"]}

    def summary(self) -> Mapping[str, Json]:
        """Bytes."""
        return {"bytes": self.size}


def _refuse_what_is_no_file(path: Path) -> None:
    uri = str(path)
    try:
        if path.is_dir():
            raise InputError(
                f"{uri} is a folder. Name one video file in it; pictures first have to become one, for instance with "
                "ffmpeg -framerate 1 -pattern_type glob -i '*.jpg' film.mp4.",
                uri=uri,
            )
        if not path.exists():
            raise InputError(f"{uri} is not there. Check the path.", uri=uri)
        if not path.is_file():
            raise InputError(f"{uri} is no regular file. Name a video file.", uri=uri)
    except OSError as error:
        raise InputError(f"{uri} cannot be read: {error.strerror}. Check the path.", uri=uri) from error


def _digest_of_file(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return f"sha256:{digest.hexdigest()}", size
