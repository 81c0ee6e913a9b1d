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

    report.json lacks what only the job knows, report.html has marks in its place (see stages.datatypes.stamp). Any
    other file is handed over as it is.
    """

    name: ClassVar[str] = "Report"
    format: ClassVar[str] = "files"
    description: ClassVar[str] = "report.json, report.html, exposures.csv and the pictures that they name."

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
        if "report.json" in files:
            content = stamp_json(json.loads(files["report.json"]), job)
            files["report.json"] = (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()
        if "report.html" in files:
            files["report.html"] = stamp_page(files["report.html"].decode(), job).encode()
        return files
