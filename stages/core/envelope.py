"""The envelope: the JSON document in which a stage's result is stored, readable by a person.

    {
     "format": 1,
     "stage": …, "version": …, "key": …,           which code
     "settings": {…}, "reads": {key: digest},      on what
     "writes": {key: {"type", "digest", "value"}}, what it gave
     "own": {…} or null,                           the whole, where the stage serialises by itself
     "blobs": [{"blob", "size", "media_type"}],    the binaries that belong to it
     "failed": {"count", "items": […]},            items of it that could not be dealt with
     "summary": {…}, "metrics": {…},               figures for people
     "files": [{"name", "event", "blob": {…}}],    files that it logged
     "job": …, "made": …, "seconds": …,            who made it, when, how long it took
     "sum": "sha256:…"                             over all of the above
    }

Format numbers are a promise: what is of another format, or does not match its sum, is an error and never a guess.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from stages.core.blobs import BlobRef
from stages.core.digests import digest_of_json
from stages.core.errors import EnvelopeDamaged
from stages.core.values import StoredValue

FORMAT = 1


@dataclass(frozen=True)
class Envelope:
    """A stage's result as it is stored. `made` is UTC in ISO 8601, `seconds` the time the stage ran."""

    stage: str
    version: str
    key: str
    settings: Mapping[str, Any]
    reads: Mapping[str, str]
    writes: Mapping[str, StoredValue]
    own: Mapping[str, Any] | None = None
    blobs: list[BlobRef] = field(default_factory=list)
    failed: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    files: list[Mapping[str, Any]] = field(default_factory=list)
    job: str = ""
    made: str = ""
    seconds: float = 0.0

    def to_bytes(self) -> bytes:
        """The document: one field a line, so that a person finds the way and a large index does not fill a screen."""
        content: dict[str, Any] = {"format": FORMAT} | {f.name: getattr(self, f.name) for f in fields(self)}
        content["writes"] = {key: asdict(value) for key, value in self.writes.items()}
        content["sum"] = digest_of_json(content)
        lines = (f" {json.dumps(k)}: {json.dumps(v, ensure_ascii=False, allow_nan=False)}" for k, v in content.items())
        return ("{\n" + ",\n".join(lines) + "\n}\n").encode()

    @staticmethod
    def from_bytes(data: bytes, where: str) -> Envelope:
        """Read a document. Raises EnvelopeDamaged that names `where` it lies and what to do."""
        content = _document(data, where)
        if not _has_digest(content, content.pop("sum", None)):
            raise _damaged(where, "does not match its own sum: it was changed or cut after it was written")
        del content["format"]
        try:
            content["writes"] = {key: StoredValue(**value) for key, value in content["writes"].items()}
            return Envelope(**content)
        except (TypeError, KeyError, AttributeError) as error:
            raise _damaged(where, f"has not the fields of format {FORMAT} ({error})") from None

    @property
    def size(self) -> int:
        """Bytes of all blobs."""
        return sum(ref["size"] for ref in self.blobs)


def _has_digest(content: dict[str, Any], claimed: Any) -> bool:
    try:
        return bool(digest_of_json(content) == claimed)
    except ValueError:  # a number beyond all bounds, half a character: nothing that was ever written
        return False


def _document(data: bytes, where: str) -> dict[str, Any]:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _damaged(where, f"is not JSON ({error})") from None
    if not isinstance(content, dict) or "format" not in content:
        raise _damaged(where, "is no envelope")
    if content["format"] != FORMAT:
        raise _damaged(where, f"has format {content['format']!r}; this version of Stagewright reads format {FORMAT}")
    return content


def _damaged(where: str, problem: str) -> EnvelopeDamaged:
    return EnvelopeDamaged(
        f"The stored result {where} {problem}. Run again with --refresh and the stage's name to replace it.", uri=where
    )
