"""Uploads to whatever fsspec can write to: a folder, memory, SFTP, another cloud's storage…"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from stages.core.errors import StoreDenied, StoreError, UsageError
from stages.datatypes.tree_file import CHUNK_BYTES, digest_of_chunks

_OF_OBJECTS = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "obs", "hf"}
"""What is written there is there whole or not at all, and cannot be renamed without copying."""


@dataclass(frozen=True)
class OnFilesystem:
    """A folder of a filesystem of fsspec. `made` are the folders that uploads made, to be removed with them."""

    filesystem: Any
    root: str
    uri: str
    made: list[str] = field(default_factory=list, compare=False)

    @staticmethod
    def of(address: str, options: dict[str, Any]) -> OnFilesystem:
        """The folder at an address. Raises UsageError where fsspec does not know its kind, or lacks a package."""
        import fsspec

        uri = _without_password(address).rstrip("/") + "/"
        try:
            filesystem, root = fsspec.core.url_to_fs(address, **options)
        except (ImportError, ValueError, TypeError) as error:
            raise UsageError(f"{uri}: nothing can be uploaded there: {error}", uri=uri) from None
        return OnFilesystem(filesystem, root.rstrip("/"), uri)

    def digest(self, path: str) -> str | None:
        """See UploadPlace. What lies there is read."""
        return self._read(self._full(path), path)

    def put(self, path: str, file: Path, digest: str) -> None:
        """See UploadPlace. Read back before it gets its name, where a name can be changed."""
        full = self._full(path)
        begun = full if self._keeps_objects else f"{full}.part-{uuid.uuid4().hex[:12]}"
        try:
            with self._named(path):
                self._make_folder(full.rpartition("/")[0])
                self.filesystem.put_file(str(file), begun)
            if self._read(begun, path) != digest:
                raise StoreError(f"{self.uri}{path} holds other bytes than {file} had. Upload again.", uri=self.uri)
            if begun != full:
                with self._named(path):
                    self._rename(begun, full)
        except BaseException:
            with suppress(Exception):
                self.filesystem.rm_file(begun)
            self._remove_folders()
            raise

    def remove(self, path: str) -> None:
        """See UploadPlace. Folders that uploads made go with their last file."""
        with self._named(path), suppress(FileNotFoundError):
            self.filesystem.rm_file(self._full(path))
        self._remove_folders()

    @property
    def _keeps_objects(self) -> bool:
        kinds = self.filesystem.protocol
        return not _OF_OBJECTS.isdisjoint({kinds} if isinstance(kinds, str) else kinds)

    def _full(self, path: str) -> str:
        return f"{self.root}/{path}"

    def _read(self, full: str, path: str) -> str | None:
        with self._named(path):
            self.filesystem.invalidate_cache()  # a listing from before would hide what is there now
            try:
                with self.filesystem.open(full, "rb") as opened:
                    return digest_of_chunks(iter(lambda: opened.read(CHUNK_BYTES), b""))[0]
            except FileNotFoundError:
                return None

    def _rename(self, begun: str, full: str) -> None:
        from fsspec.spec import AbstractFileSystem

        kind = type(self.filesystem)
        if "file" in kind.protocol:
            os.replace(begun, full)
        elif kind.mv is not AbstractFileSystem.mv:
            self.filesystem.mv(begun, full)
        else:  # its own way would take a name with [ for a pattern
            self.filesystem.cp_file(begun, full)
            self.filesystem.rm_file(begun)

    def _make_folder(self, folder: str) -> None:
        if self._keeps_objects:
            return
        missing = []
        while folder and not self.filesystem.exists(folder):
            missing.append(folder)
            folder = folder.rpartition("/")[0]
        for one in reversed(missing):
            self.filesystem.makedirs(one, exist_ok=True)
            self.made.append(one)

    def _remove_folders(self) -> None:
        """Those that were made here and are empty again."""
        for folder in sorted(self.made, key=len, reverse=True):
            with suppress(Exception):
                self.filesystem.rmdir(folder)
                self.made.remove(folder)

    @contextmanager
    def _named(self, path: str) -> Iterator[None]:
        uri = self.uri + path
        try:
            yield
        except PermissionError as error:
            raise StoreDenied(f"{uri}: this may not be written or read ({error}).", uri=uri) from error
        except NotImplementedError as error:
            raise UsageError(f"{uri}: nothing can be uploaded there ({error}).", uri=uri) from error
        except OSError as error:
            raise StoreError(f"{uri}: the upload failed ({type(error).__name__}: {error}).", uri=uri) from error


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host)) if parts.netloc != host else address
