"""What an upload hands on: files that are organised, files that are there, and the data units made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from stages.core.errors import InputError, StagewrightError, StoreError, UsageError
from stages.datatypes.tree_file import digest_of_chunks
from stages.datatypes.tree_folder import chunks_of
from stages.datatypes.tree_paths import faults_of
from stages.plugins.bases.action_context import ActionContext
from stages.plugins.bases.upload_place import UploadPlace, place_of


@dataclass(frozen=True)
class OrganizedFile:
    """A file on this machine, and the path below the destination that it is to have, parts joined by "/"."""

    source: Path
    path: str


@dataclass(frozen=True)
class UploadedFile:
    """A file at its destination, verified. `was_there`: it was, before this run, with the same content."""

    path: str
    uri: str
    digest: str
    size: int
    was_there: bool = False

    def to_json(self) -> dict[str, Any]:
        """As a result has it."""
        return asdict(self)


@dataclass
class UploadContext(ActionContext):
    """What an upload hands on.

    destination      s3://bucket/prefix, a path, or any address of fsspec; empty: the job's folder in the store
    storage_options  what fsspec needs for it, such as keys; they are told to nobody
    organized_files  what is to be uploaded, and under which paths
    uploaded_files   what was, in order
    data_units       what was made of them
    """

    destination: str = ""
    storage_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    organized_files: list[Any] = field(default_factory=list)
    uploaded_files: list[Any] = field(default_factory=list)
    data_units: list[Any] = field(default_factory=list)

    @cached_property
    def place(self) -> UploadPlace:
        """Where files are uploaded to. Raises UsageError where nothing can be."""
        job = self.runtime_ctx.job_id
        return place_of(self.destination, dict(self.storage_options), self.blobs, job)

    def organize(self, source: str | Path, path: str | None = None) -> OrganizedFile:
        """Say that a file is to be uploaded, under a path or else its own name."""
        file = OrganizedFile(Path(source), path or Path(source).name)
        self.organized_files.append(file)
        return file

    def upload(self, source: str | Path, path: str | None = None) -> UploadedFile:
        """Upload a file and verify it by its digest. What is there already with the same content stays, so that an
        upload that was cut off goes on where it was.

        Raises InputError for a file that is not there, UsageError where another content has that path or it cannot
        be one, StoreError and its kind where the upload fails; nothing is left of that file then.
        """
        file, name = Path(source), path or Path(source).name
        for _, why in faults_of([name]):
            raise UsageError(f"{name!r} {why}; nothing is uploaded.", path=name)
        digest, size = _digested(file)
        there, uri = self.place.digest(name), self.place.uri + name
        if there not in (None, digest):
            raise UsageError(f"{uri} is there already, with another content. Remove it, or choose a new path.", uri=uri)
        if there is None:
            self.place.put(name, file, digest)
        uploaded = UploadedFile(name, uri, digest, size, was_there=there is not None)
        self.uploaded_files.append(uploaded)
        return uploaded

    def upload_all(self) -> list[UploadedFile]:
        """Upload all organised files, in order; of two of one path nothing is. Raises what `upload` raises."""
        wanted = [_organized(file) for file in self.organized_files]
        for path, why in faults_of([file.path for file in wanted]):
            raise UsageError(f"{path!r} {why}; nothing is uploaded.", path=path)
        done = list[UploadedFile]()
        for file in wanted:
            done.append(self.upload(file.source, file.path))
            self.set_progress(len(done), len(wanted), "upload")
        return done

    def undo_uploads(self) -> None:
        """Remove what this run uploaded, last first; what was there before stays. Raises StoreError that names what
        could not be removed."""
        left = list[str]()
        for file in reversed(self.uploaded_files):
            if not isinstance(file, UploadedFile) or file.was_there:
                continue
            try:
                self.place.remove(file.path)
            except StagewrightError as error:
                left.append(f"{file.uri} ({error})")
        self.uploaded_files = []
        if left:
            raise StoreError(f"Uploaded, and not removed again after a failure: {', '.join(left)}. Remove it by hand.")


def _digested(file: Path) -> tuple[str, int]:
    try:
        return digest_of_chunks(chunks_of(str(file)))
    except OSError as error:
        raise InputError(f"{file} cannot be uploaded: {error.strerror}. Check the path.", uri=str(file)) from error


def _organized(file: Any) -> OrganizedFile:
    """Of what a step put into the list: also a path alone, or a pair of source and path."""
    if isinstance(file, OrganizedFile):
        return file
    source, path = file if isinstance(file, tuple) else (file, Path(file).name)
    return OrganizedFile(Path(source), str(path))
