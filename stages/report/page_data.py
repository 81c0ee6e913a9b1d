"""What the page shows, taken from the report's content: figures, lines of the timeline, rows of its tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stages.datatypes import Detections, Exposure, Exposures, Frames, Readings
from stages.pages.axis import ticks
from stages.pages.template import data_uri
from stages.report.contract import troubles
from stages.report.picture_choice import chosen
from stages.report.shots import Key
from stages.report.timeline import Bar, bars, covered, full_share, outline, shapes
from stages.report.unread import UnreadText, grouped

MOST_ROWS = 1000
"""Exposures in the table. Of more, the longest of each brand are shown, then the longest of all."""

SHORT_NAME = 24
"""Names of no more letters than this stay on one line."""

MOST_UNREAD = 100
MOST_CUTS = 300
"""More cuts than these would be a band, not marks."""


@dataclass(frozen=True)
class BrandLine:
    """A brand: its row of the report, its share of the decoded video (0..1), its bars, and its share of the screen as
    the path of an SVG."""

    row: Mapping[str, Any]
    share: float
    bars: Sequence[Bar]
    outline: str

    @property
    def long(self) -> bool:
        """Whether its name may take two lines."""
        return len(self.row["brand"]) > SHORT_NAME


@dataclass(frozen=True)
class ExposureRow:
    """An exposure with its picture (a data URI, or nothing) and what was read, the most frequent readings first."""

    exposure: Exposure
    picture: str
    readings: Sequence[str]


@dataclass(frozen=True)
class UnreadRow:
    """A text that was not resolved, with the picture of its best reading (a data URI, or nothing)."""

    text: UnreadText
    picture: str


@dataclass(frozen=True)
class PageData:
    """All that the template is given. Times in seconds, shares 0..1.

    full_share      the share of the screen that fills a line of the timeline, and whether some are larger
    largest_share   the largest share of the screen of any brand
    cuts            in percent of the length
    troubles        what could not be decoded or read
    period_s        between two pictures that are searched for text
    motion_s        between two pictures in which it is followed; None where that is not known
    """

    content: Mapping[str, Any]
    length_s: float
    covered_s: float
    longest: Exposure | None
    largest: Exposure | None
    largest_share: float
    full_share: tuple[float, bool]
    ticks: Sequence[tuple[float, float]]
    cuts: Sequence[float]
    lines: Sequence[BrandLine]
    rows: Sequence[ExposureRow]
    rows_left_out: int
    pictures_left_out: int
    unread: Sequence[UnreadRow]
    unread_left_out: int
    troubles: Sequence[str]
    pictures_seen: int
    period_s: float
    motion_s: float | None
    short_name: int = SHORT_NAME


def page_data(
    content: Mapping[str, Any],
    frames: Frames,
    detections: Detections,
    exposures: Exposures,
    unresolved: Readings | None,
    motion: Frames | None,
) -> PageData:
    """The page without pictures; `with_pictures` adds them."""
    length = frames.info.decoded_s
    lines, full = _lines(content["brands"], exposures, detections, frames)
    unread = [] if unresolved is None else grouped(unresolved, frames.info.width, frames.info.height)
    rows = _rows(exposures, detections)
    return PageData(
        content=content,
        length_s=length,
        covered_s=covered(exposures),
        longest=max(exposures, key=lambda e: e.seconds, default=None),
        largest=max(exposures, key=lambda e: e.max_area, default=None),
        largest_share=max((e.max_area for e in exposures), default=0.0),
        full_share=full,
        ticks=ticks(length),
        cuts=_cuts(frames if motion is None else motion, length),
        lines=lines,
        rows=rows,
        rows_left_out=len(exposures) - len(rows),
        pictures_left_out=len(rows),
        unread=[UnreadRow(text, "") for text in unread[:MOST_UNREAD]],
        unread_left_out=max(0, len(unread) - MOST_UNREAD),
        troubles=troubles(frames, detections, unresolved),
        pictures_seen=len(frames),
        period_s=frames.period_s,
        motion_s=None if motion is None else motion.period_s,
    )


def with_pictures(page: PageData, pictures: Mapping[Key, bytes]) -> PageData:
    """`pictures`: JPEG by the id of its exposure, or by the place of its text in the page's list of them."""
    rows = [replace(row, picture=_uri(pictures.get(row.exposure.id))) for row in page.rows]
    texts = [replace(row, picture=_uri(pictures.get(place))) for place, row in enumerate(page.unread)]
    return replace(page, rows=rows, unread=texts, pictures_left_out=sum(not row.picture for row in rows))


def _uri(jpeg: bytes | None) -> str:
    return data_uri(jpeg) if jpeg else ""


def _lines(
    rows: Sequence[Mapping[str, Any]], exposures: Exposures, detections: Detections, frames: Frames
) -> tuple[list[BrandLine], tuple[float, bool]]:
    by_brand: dict[str, list[Exposure]] = defaultdict(list)
    for exposure in exposures:
        by_brand[exposure.brand].append(exposure)
    length = frames.info.decoded_s
    drawn = bars(by_brand, length)
    shaped = shapes(by_brand, detections, length, frames.info.width * frames.info.height)
    full = full_share(shape for own in shaped.values() for shape in own)
    lines = []
    for row in rows:
        share = row["seconds"] / length if length else 0.0
        path = "".join(outline(shape, full[0]) for shape in shaped[row["brand"]])
        lines.append(BrandLine(row, share, drawn[row["brand"]], path))
    return lines, full


def _cuts(frames: Frames, length: float) -> list[float]:
    cuts = [100 * float(t) / length for t in frames.index.t[frames.index.cut]] if length else []
    return cuts if len(cuts) <= MOST_CUTS else []


def _rows(exposures: Exposures, detections: Detections) -> list[ExposureRow]:
    readings: dict[str, dict[str, int]] = defaultdict(dict)
    for id, text in zip(detections.exposures, detections.texts, strict=True):
        readings[id][text] = readings[id].get(text, 0) + 1
    rows = []
    for exposure in chosen(exposures.rows, MOST_ROWS):
        read = sorted(readings[exposure.id].items(), key=lambda one: (-one[1], one[0]))
        rows.append(ExposureRow(exposure, "", [text for text, _ in read if text][:3]))
    return rows
