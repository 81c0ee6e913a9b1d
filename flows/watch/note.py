"""What is remembered of one object: what was found, what was started for it, and how that ended."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Literal

from flows.jobs.job import check_job_id
from flows.watch.folder import Found
from stages.core.digests import digest_of_json
from stages.core.errors import CheckpointError

FORMAT = 1
JOB_PARAMETER = "job_id"
"""The parameter of a profile's flow that the watch itself sets, beside the input."""

State = Literal["again", "started", "done", "failed", "crashed", "cancelled", "refused"]
"""`again`: asked for anew and not started yet. `refused`: could not be started. The others are the run's."""


@dataclass(frozen=True)
class Note:
    """An object of one content, and the run that was started for it.

    uri, etag, size   what was found; the same address with another ETag is another object
    seen              when it was found, as `flows.jobs.job.now` writes it
    attempt           1, and one more each time it is asked for again
    asked             a digest of what the deployment was asked and refused: the object is tried again when that changes
    error             why it did not end well
    ended             when its run ended
    """

    uri: str
    etag: str
    size: int
    seen: str
    state: State
    attempt: int = 1
    job_id: str | None = None
    flow_run_id: str | None = None
    asked: str | None = None
    error: str | None = None
    ended: str | None = None

    @property
    def id(self) -> str:
        """What it is filed under."""
        return note_id(self.uri, self.etag)

    @property
    def failed(self) -> bool:
        """Whether it needs somebody to look at it."""
        return self.state in ("failed", "crashed", "cancelled", "refused")

    def to_bytes(self) -> bytes:
        """A JSON document that a person can read."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes, where: str) -> Note:
        """The note that lies at `where`. Raises CheckpointError for what is none."""
        try:
            told = json.loads(data)
            if told.pop("format") != FORMAT:
                raise ValueError("its format is another")
            return cls(**told)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            problem = f"{where} is no note of format {FORMAT} ({type(error).__name__}: {error}). "
            raise CheckpointError(problem + "Delete it: the run of its object is found again by itself.") from error


def note_id(uri: str, etag: str) -> str:
    """What the note of an object is filed under: address and content."""
    return digest_of_json([uri, etag]).removeprefix("sha256:")[:40]


def watch_id(folder: str, deployment: str) -> str:
    """What a folder, watched for one deployment, is filed under: `incoming-brand-exposure-default-1f0a63b2`."""
    last = folder.rstrip("/").rpartition("/")[2]
    return f"{_words(f'{last}-{deployment}').lower()[:80]}-{_short([folder, deployment], 8)}"


def run_key(deployment: str, found: Found, attempt: int) -> str:
    """By what the server knows that a run was created already. Says the same whatever happened in between."""
    return f"watch/{deployment}/{note_id(found.uri, found.etag)}/{attempt}"


def job_id_of(deployment: str, found: Found, attempt: int) -> str:
    """The job's id: the object's name without its folders, and what tells it from others."""
    name = _words(found.uri.rpartition("/")[2])[-80:].lstrip("._-")
    digest = _short(run_key(deployment, found, attempt), 12)
    return check_job_id(f"{name}-{digest}" if name else digest)


def _words(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("._-")


def _short(value: object, length: int) -> str:
    return digest_of_json(value).removeprefix("sha256:")[:length]
