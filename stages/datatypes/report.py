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
    description: ClassVar[str] = "What is handed over: a JSON document, a page, a table, and the pictures that they name."

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
        for name in [name for name in files if name.endswith(".json")]:
            content = stamp_json(json.loads(files[name]), job)
            files[name] = (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()
        for name in [name for name in files if name.endswith(".html")]:
            files[name] = stamp_page(files[name].decode(), job).encode()
        return files
