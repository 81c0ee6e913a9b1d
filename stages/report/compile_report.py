"""`compile_report`: the files that are handed over."""

from __future__ import annotations

import json

from stages import RuntimeContext, StageConfig, blobs, stage
from stages.datatypes import Detections, Exposures, Frames, Report, TextRegions
from stages.report.contract import report_content
from stages.report.table import as_csv


class CompileReportConfig(StageConfig):
    """What the report shows."""


@stage(label="Compile report", category="report", writes=("report",), depends=("jinja2", "opencv-python-headless"))
def compile_report(
    frames: Frames,
    detections: Detections,
    exposures: Exposures,
    config: CompileReportConfig,
    ctx: RuntimeContext,
    unresolved: TextRegions | None = None,
) -> Report:
    """Write report.json, report.html and exposures.csv. The job is stamped into them when they are published."""
    content = report_content(frames, detections, exposures, unresolved, {})
    store = blobs()
    files = {
        "report.json": store.put(json.dumps(content, ensure_ascii=False).encode(), "application/json"),
        "exposures.csv": store.put(as_csv(content["exposures"]), "text/csv"),
    }
    seconds = round(sum(row["seconds"] for row in content["brands"]), 2)
    figures = {"brands": len(content["brands"]), "exposures": len(exposures), "seconds": seconds}
    return Report(files, figures)
