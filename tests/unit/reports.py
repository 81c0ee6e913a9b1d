"""Small reports for tests."""

from __future__ import annotations

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
