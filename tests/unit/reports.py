"""Small reports for tests, and what a browser would make of their page."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from stages.core.blobs import BlobStore
from stages.datatypes import (
    Detection,
    Detections,
    Exposure,
    Exposures,
    Frames,
    FrameWriter,
    MediaInfo,
    Reading,
    Readings,
    Report,
)
from stages.report import compile_report
from tests.unit.harness import make_blobs, run_stage

QUAD = np.array([[60, 30], [110, 30], [110, 45], [60, 45]], np.float32)
EVIL = "<script>alert('x')</script>"
JOB: dict[str, Any] = {
    "job_id": "job-1",
    "profile": "brand-exposure",
    "started": "2026-11-22T03:12:00.5+00:00",
    "stagewright": "1.2.3",
    "inputs": {"video": "/films/<b>match & more</b>.mp4"},
    "stages": {
        "extract_frames": {"status": "ran", "seconds": 1.25},
        "read_text": {"status": "kept", "seconds": 9.0, "failed_items": 3},
        "extra": {"status": "skipped", "seconds": None},
    },
    "settings": {"extract_frames": {"fps": 2.0}, "match_brands": {"brands": ["NORDVIK", EVIL]}},
    "versions": {"extract_frames": "1+abc"},
}


def make_frames(blobs: BlobStore, count: int = 8) -> Frames:
    writer = FrameWriter(blobs)
    for n in range(count):
        writer.add(bytes(cv2.imencode(".jpg", np.full((90, 160, 3), 20 * n % 256, np.uint8))[1]), n / 2)
    return writer.finish(MediaInfo(5.0, 4.0, 160, 90, 25.0), 0.5, ["Decoding ended at 4.00 s & no later."])


def make_report(tmp_path: Path, brand: str = "NORDVIK", exposures: int = 2, **config: Any) -> tuple[Report, BlobStore]:
    blobs = make_blobs(tmp_path)
    rows = [Exposure(f"e{n + 1:04d}", brand, n * 1.0, n + 0.5, 0.05, 0.06, 0.9, n / 2) for n in range(exposures)]
    hits = [Detection(n / 2, brand, f"{brand}!", 0.9, "text", f"e{n + 1:04d}", QUAD) for n in range(exposures)]
    reads = {
        "frames": make_frames(blobs, max(8, exposures)),
        "detections": Detections.of(hits, ["1 of 8 pictures could not be read."]),
        "exposures": Exposures(tuple(rows)),
        "unresolved": Readings.of(
            [Reading(0, 0.5, f"near {EVIL}", 0.7, "", QUAD), Reading(1, 1.0, "NORDIC", 0.7, "", QUAD)]
        ),
    }
    return run_report(reads, tmp_path, blobs, **config), blobs


def run_report(reads: dict[str, Any], tmp_path: Path, blobs: BlobStore, **config: Any) -> Report:
    values, _ = run_stage(compile_report.definition, config, reads, tmp_path, blobs)
    report = values["report"]
    assert isinstance(report, Report)
    return report


def published(tmp_path: Path, **how: Any) -> dict[str, bytes]:
    report, blobs = make_report(tmp_path, **how)
    return dict(report.publish(JOB, blobs))


class Page(HTMLParser):
    """What a browser would load or run, and the text it would show."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.text = ""
        self.feed(page)

    @property
    def words(self) -> str:
        """The text as it reads, with one space between what stands in different elements."""
        return " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action", "data")]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "
