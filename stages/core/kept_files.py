"""Files that a stage logs: a plot, a sample, weights on the way. They are kept with its result, for people."""

from __future__ import annotations

import mimetypes
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stages.core.blobs import BlobRef, BlobStore
from stages.core.errors import InputError

MOST_BYTES = 1 << 30
"""A file beyond this is no note beside a result; what a stage makes belongs into what it writes."""


@dataclass(frozen=True)
class KeptFile:
    """A file that belongs to an event. `name` is its last part alone: where it lay is the machine's business."""

    name: str
    event: str
    blob: BlobRef

    def to_json(self) -> dict[str, Any]:
        """As the envelope has it."""
        return asdict(self)


def keep_file(event: str, file: Path, blobs: BlobStore) -> KeptFile:
    """Put the file, as it is now, into the store. Raises InputError that says why it cannot be, and StoreError."""
    try:
        if not file.is_file():
            what = "is a folder" if file.is_dir() else "is not there"
            raise InputError(f"{file} {what}; log a file that has been written.", uri=str(file))
        if (size := file.stat().st_size) > MOST_BYTES:
            raise InputError(f"{file} has {size:,} bytes, more than {MOST_BYTES:,}; write it instead.", uri=str(file))
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", uri=str(file)) from error
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    name = file.name.encode(errors="replace").decode()  # names of files may hold what is no Unicode
    return KeptFile(name, event, blobs.put(data, media_type))
