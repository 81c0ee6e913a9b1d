"""`compile_report`: the files that are handed over."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from stages import FailedItem, RuntimeContext, StageConfig, blobs, stage
from stages.core.digests import digest_of
from stages.datatypes import Detections, Exposure, Exposures, Frames, Readings, Report
from stages.datatypes.arrow import quad_areas
from stages.report.contract import report_content
from stages.report.page_data import page_data
from stages.report.page_html import render_page, template_files
from stages.report.picture_choice import chosen
from stages.report.table import as_csv

PICTURE_BYTES = 7 << 20
"""All pictures of a page together: as text in the page they grow by a third, and the page stays under 10 MB."""

PAGE = digest_of(b"".join(path.read_bytes() for path in template_files()))
"""Template and style count for the stage's version, as its code does."""


class CompileReportConfig(StageConfig):
    """What the report shows."""

    pictures: int = Field(
        150, ge=0, le=400, description="Most exposures that are shown with a picture; the longest of each brand first"
    )


@stage(
    label="Compile report",
    category="report",
    writes=("report",),
    depends=("jinja2", "opencv-python-headless", PAGE),
)
def compile_report(
    frames: Frames,
    detections: Detections,
    exposures: Exposures,
    config: CompileReportConfig,
    ctx: RuntimeContext,
    unresolved: Readings | None = None,
    escalation: Mapping[str, Any] | None = None,
) -> Report:
    """Write report.json, report.html, exposures.csv and a picture of each exposure at its best.

    The page is one file that needs no network. The job is stamped into page and JSON when they are published.
    """
    pictures = _pictures(frames, detections, exposures, config.pictures, ctx)
    names = {id: f"exposure-{id.removeprefix('e')}.jpg" for id in pictures}
    content = report_content(frames, detections, exposures, unresolved, names, escalation)
    page = render_page(page_data(content, frames, detections, exposures, unresolved, pictures))
    store = blobs()
    files = {
        "report.json": store.put(json.dumps(content, ensure_ascii=False).encode(), "application/json"),
        "report.html": store.put(page.encode(), "text/html"),
        "exposures.csv": store.put(as_csv(content["exposures"]), "text/csv"),
    }
    files |= {names[id]: store.put(jpeg, "image/jpeg") for id, jpeg in pictures.items()}
    return Report(files, _figures(content))


def _pictures(
    frames: Frames, detections: Detections, exposures: Exposures, most: int, ctx: RuntimeContext
) -> dict[str, bytes]:
    """JPEG by exposure, as many as the page has room for. A picture that fails is left out."""
    from stages.report.pictures import box_picture

    rows = _best_rows(detections, exposures)
    wanted = chosen(exposures.rows, most)

    def make(exposure: Exposure) -> bytes:
        return box_picture(frames, exposure.best_t, detections.quads[rows[exposure.id]])

    made: dict[str, bytes] = {}
    room = PICTURE_BYTES
    for exposure, jpeg in zip(wanted, ctx.map(make, wanted, max_failed=len(wanted)), strict=False):
        if not isinstance(jpeg, FailedItem) and (room := room - len(jpeg)) >= 0:
            made[exposure.id] = jpeg
    return made


def _best_rows(detections: Detections, exposures: Exposures) -> Mapping[str, list[int]]:
    """For each exposure its detections in the best picture, the best of them first."""
    best_t = {exposure.id: exposure.best_t for exposure in exposures}
    worth = detections.score * quad_areas(detections.quads) ** 0.5
    rows: dict[str, list[int]] = defaultdict(list)
    for row, id in enumerate(detections.exposures):
        if best_t.get(id) == float(detections.t[row]):
            rows[id].append(row)
    return {id: sorted(found, key=lambda row: -worth[row]) for id, found in rows.items()}


def _figures(content: Mapping[str, Any]) -> dict[str, Any]:
    seconds = round(sum(row["seconds"] for row in content["brands"]), 2)
    return {"brands": len(content["brands"]), "exposures": len(content["exposures"]), "seconds": seconds}
