"""Where files are uploaded to, and what lies there under a name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from stages.core.blobs import BlobStore
from stages.core.errors import UsageError
from stages.core.objects import ObjectStore
from stages.core.scratch import ScratchStore
from stages.datatypes.addresses import local_path
from stages.datatypes.s3_input import s3_options
from stages.plugins.bases.upload_to_files import OnFilesystem
from stages.plugins.bases.upload_to_store import OnStore


class UploadPlace(Protocol):
    """A folder or a prefix, somewhere. `uri` ends with "/" and holds no password."""

    @property
    def uri(self) -> str: ...

    def digest(self, path: str) -> str | None:
        """`sha256:…` of what lies there now; None where nothing does."""

    def put(self, path: str, file: Path, digest: str) -> None:
        """Write a file under a name that it gets when it is whole. Raises StoreError where what lies there afterwards
        is not of this digest; then nothing is left of it."""

    def remove(self, path: str) -> None:
        """Remove what lies there; nothing there is no error."""


def place_of(address: str, options: dict[str, Any], blobs: BlobStore, job_id: str | None) -> UploadPlace:
    """The place of an address: a path, s3://bucket/prefix, or whatever fsspec knows; without one the job's folder in
    the store. `options` go to fsspec. Raises UsageError for an address that cannot be written to, and where there is no
    store."""
    if not address:
        if type(blobs.store) is ScratchStore:
            hint = "name a destination, or run the action where there is one, as a task or a job"
            raise UsageError(f"There is no store to upload to, only this process's memory; {hint}.")
        mine = f"jobs/{job_id}/uploads/" if job_id else "uploads/"
        return OnStore(blobs.store, mine)
    if "::" in address or urlsplit(address).scheme in ("http", "https"):
        raise UsageError(f"{address}: nothing can be uploaded there. Name a folder, s3://bucket/prefix or the like.")
    scheme = urlsplit(address).scheme
    if scheme == "s3" and not options:
        bucket, _, prefix = address.removeprefix("s3://").rstrip("/").partition("/")
        if not bucket:
            raise UsageError(f"{address} names no bucket. Give it as s3://bucket/folder/.", uri=address)
        return OnStore(ObjectStore(replace(s3_options(bucket), prefix="")), f"{prefix}/" if prefix else "")
    return OnFilesystem.of(f"file://{local_path(address)}" if scheme in ("", "file") else address, options)
