"""`Report`: the files that a job hands over. The stage writes them without the job, which is stamped in at the end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from stages.core.blobs import BlobRef, BlobStore
from stages.core.datatype import DataType, Json
from stages.datatypes.stamp import stamp_json, stamp_page


@dataclass(frozen=True)
class Report(DataType):
    """Files by name; `figures` are a few numbers of it.

    JSON lacks what only the job knows, a page has marks in its place (see stages.datatypes.stamp). Any other file is
    handed over as it is.
    """

    name: ClassVar[str] = "Report"
    format: ClassVar[str] = "files"
    description: ClassVar[str] = (
        "What is handed over: a JSON document, a page, a table, and the pictures that they name."
    )

    files: Mapping[str, BlobRef]
    figures: Mapping[str, Any]

    def encode(self, blobs: BlobStore) -> Json:
        """See DataType."""
        return {"files": dict(self.files), "figures": dict(self.figures)}

    @classmethod
    def decode(cls, data: Json, blobs: BlobStore) -> Report:
        """See DataType."""
        return cls(data["files"], data["figures"])

    def summary(self) -> Mapping[str, Json]:
        """The figures."""
        return self.figures

    def publish(self, job: Mapping[str, Json], blobs: BlobStore) -> Mapping[str, bytes]:
        """See DataType: the files with job, profile, input, cost, settings and versions in them."""
        files = {name: blobs.get(ref) for name, ref in self.files.items()}
        documents = {name: json.loads(data) for name, data in files.items() if name.endswith(".json")}
        seen = {str(row.get("brand")) for content in documents.values() for row in content.get("brands", ())}
        for name, content in documents.items():
            files[name] = laid_out(stamp_json(content, job))
        for name in [name for name in files if name.endswith(".html")]:
            files[name] = _bytes(stamp_page(files[name].decode(), job, seen))
        return files


def laid_out(content: Mapping[str, Json]) -> bytes:
    """JSON with a line for each entry of its lists: short, and still good to look at and to compare."""
    parts = [f"{json.dumps(key)}: {_lines(value)}" for key, value in content.items()]
    return _bytes("{\n " + ",\n ".join(parts) + "\n}\n")


def _lines(value: Json) -> str:
    if not isinstance(value, list) or not value:
        return json.dumps(value, ensure_ascii=False)
    return "[\n  " + ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in value) + "\n ]"


def _bytes(text: str) -> bytes:
    """As UTF-8; half of a pair of surrogates, as names of files may hold, becomes a question mark."""
    return text.encode("utf-8", "replace")
