"""What the page shows, taken from the report's content: figures, lines of the timeline, cards."""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stages.datatypes import Detections, Exposure, Exposures, Frames, Readings
from stages.report.timeline import Bar, bars, covered, ticks
from stages.report.unread import UnreadText, grouped

MOST_CARDS = 1000
MOST_BARS = 5000
MOST_UNREAD = 60


@dataclass(frozen=True)
class BrandLine:
    """A brand: its row of the report, its share of the decoded video (0..1), its bars."""

    row: Mapping[str, Any]
    share: float
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Card:
    """An exposure with its picture (a data URI, or nothing) and what was read, the most frequent readings first."""

    exposure: Exposure
    picture: str
    readings: Sequence[str]


@dataclass(frozen=True)
class PageData:
    """All that the template is given. Times in seconds, shares 0..1."""

    content: Mapping[str, Any]
    length_s: float
    covered_s: float
    longest: Exposure | None
    largest: Exposure | None
    ticks: Sequence[tuple[float, float]]
    cuts: Sequence[float]
    lines: Sequence[BrandLine]
    cards: Sequence[Card]
    bars_left_out: int
    cards_left_out: int
    pictures_left_out: int
    unread: Sequence[UnreadText]
    unread_left_out: int
    pictures_seen: int
    period_s: float


def page_data(
    content: Mapping[str, Any],
    frames: Frames,
    detections: Detections,
    exposures: Exposures,
    unresolved: Readings | None,
    pictures: Mapping[str, bytes],
) -> PageData:
    """`pictures`: JPEG by the id of its exposure; those without are shown without and counted."""
    length = frames.info.decoded_s
    unread = grouped(unresolved) if unresolved is not None else []
    cards = _cards(exposures, detections, pictures)
    return PageData(
        content=content,
        length_s=length,
        covered_s=covered(exposures),
        longest=max(exposures, key=lambda e: e.seconds, default=None),
        largest=max(exposures, key=lambda e: e.max_area, default=None),
        ticks=ticks(length),
        cuts=[100 * float(t) / length for t in frames.index.t[frames.index.cut]] if length else [],
        lines=_lines(content["brands"], exposures, length),
        cards=cards[:MOST_CARDS],
        bars_left_out=max(0, len(exposures) - MOST_BARS),
        cards_left_out=max(0, len(cards) - MOST_CARDS),
        pictures_left_out=len(exposures) - len(pictures),
        unread=unread[:MOST_UNREAD],
        unread_left_out=max(0, len(unread) - MOST_UNREAD),
        pictures_seen=len(frames),
        period_s=frames.period_s,
    )


def _lines(rows: Sequence[Mapping[str, Any]], exposures: Exposures, length: float) -> list[BrandLine]:
    by_brand: dict[str, list[Exposure]] = defaultdict(list)
    for exposure in list(exposures)[:MOST_BARS]:
        by_brand[exposure.brand].append(exposure)
    largest = max((e.mean_area for e in exposures), default=0.0)
    return [
        BrandLine(row, row["seconds"] / length if length else 0.0, bars(by_brand[row["brand"]], length, largest))
        for row in rows
    ]


def _cards(exposures: Exposures, detections: Detections, pictures: Mapping[str, bytes]) -> list[Card]:
    readings: dict[str, dict[str, int]] = defaultdict(dict)
    for id, text in zip(detections.exposures, detections.texts, strict=True):
        readings[id][text] = readings[id].get(text, 0) + 1
    cards = []
    for exposure in exposures:
        jpeg = pictures.get(exposure.id)
        picture = f"data:image/jpeg;base64,{b64encode(jpeg).decode()}" if jpeg else ""
        read = sorted(readings[exposure.id].items(), key=lambda one: (-one[1], one[0]))
        cards.append(Card(exposure, picture, [text for text, _ in read if text][:3]))
    return cards
