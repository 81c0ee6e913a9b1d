"""`compile_report`: the files that are handed over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from stages import RuntimeContext, StageConfig, blobs, stage
from stages.datatypes import Detections, Exposures, Frames, Readings, Report
from stages.pages.spreadsheet import as_csv
from stages.pages.template import digest_of_folder, rendered
from stages.report.contract import report_content
from stages.report.page_data import PageData, page_data, with_pictures
from stages.report.shots import shots_of_exposures, shots_of_texts, take

PAGE_BYTES = 9_500_000
"""A page stays below this: pictures get the room that its tables leave."""

PAGE = Path(__file__).parent / "page"

COLUMNS = ("id", "brand", "start_s", "end_s", "seconds", "mean_area", "mean_score", "best_t", "image")
"""Of exposures.csv."""


class CompileReportConfig(StageConfig):
    """What the report shows."""

    pictures: int = Field(
        150, ge=0, le=400, description="Most exposures that are shown with a picture; the longest of each brand first"
    )


@stage(
    label="Compile report",
    category="report",
    writes=("report",),
    depends=("jinja2", "opencv-python-headless", digest_of_folder(PAGE)),
)
def compile_report(
    frames: Frames,
    detections: Detections,
    exposures: Exposures,
    config: CompileReportConfig,
    ctx: RuntimeContext,
    unresolved: Readings | None = None,
    escalation: Mapping[str, Any] | None = None,
    motion: Frames | None = None,
) -> Report:
    """Write report.json, report.html, exposures.csv and a picture of each exposure at its best.

    The page is one file that needs no network. The job is stamped into page and JSON when they are published.
    """
    content = report_content(frames, detections, exposures, unresolved, escalation)
    page = page_data(content, frames, detections, exposures, unresolved, motion)
    room = (PAGE_BYTES - len(_page(page))) * 3 // 4  # as text, a picture is longer by a third
    texts = [row.text.best for row in page.unread]
    shots = [*shots_of_exposures(frames, detections, exposures, config.pictures), *shots_of_texts(frames, texts)]
    pictures = take(frames, shots, room, ctx)
    names = {key: f"exposure-{key.removeprefix('e')}.jpg" for key in pictures if isinstance(key, str)}
    for row in content["exposures"]:
        row["image"] = names.get(row["id"])
    store = blobs()
    files = {
        "report.json": store.put(json.dumps(content).encode(), "application/json"),
        "report.html": store.put(_page(with_pictures(page, pictures)), "text/html"),
        "exposures.csv": store.put(as_csv(COLUMNS, content["exposures"]), "text/csv"),
    }
    files |= {name: store.put(pictures[key], "image/jpeg") for key, name in names.items()}
    return Report(files, _figures(content))


def _page(page: PageData) -> bytes:
    return rendered(PAGE, page).encode("utf-8", "replace")  # half of a pair of surrogates is no text


def _figures(content: Mapping[str, Any]) -> dict[str, Any]:
    seconds = round(sum(row["seconds"] for row in content["brands"]), 2)
    return {"brands": len(content["brands"]), "exposures": len(content["exposures"]), "seconds": seconds}
