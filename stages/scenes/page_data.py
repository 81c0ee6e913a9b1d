"""What the page shows, taken from the index's content: figures, lines of the timeline, cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from stages.datatypes import Scene, Scenes
from stages.pages.axis import ticks
from stages.pages.template import data_uri

MOST_CARDS = 1000
MOST_LINES = 12

NEAR = 0.15
"""Percent of the line: bars that begin and end nearer to each other are drawn as one, so that no line has too many."""


@dataclass(frozen=True)
class Bar:
    """Scenes next to each other that show a label: `left` and `width` in percent, `strength` 0.3..1 by how many."""

    scene: Scene
    left: float
    width: float
    strength: float
    most: int


@dataclass(frozen=True)
class Line:
    """A label: its row of the index, its share of the video (0..1), its bars."""

    row: Mapping[str, Any]
    share: float
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Card:
    """A scene with its picture: a data URI, or nothing."""

    number: int
    scene: Scene
    picture: str


@dataclass(frozen=True)
class PageData:
    """All that the template is given. Times in seconds; `cuts` in percent of the line."""

    content: Mapping[str, Any]
    length_s: float
    median_s: float
    longest_s: float
    ticks: Sequence[tuple[float, float]]
    cuts: Sequence[float]
    lines: Sequence[Line]
    lines_left_out: int
    cards: Sequence[Card]
    cards_left_out: int
    pictures_left_out: int
    looked_at: int


def page_data(content: Mapping[str, Any], scenes: Scenes, pictures: Mapping[str, bytes]) -> PageData:
    """`pictures`: JPEG by the id of its scene; those without are shown without and counted."""
    length = max(content["video"]["decoded_s"], scenes.rows[-1].end_s)
    lengths = [scene.seconds for scene in scenes]
    densest = max((one.mean for scene in scenes for one in scene.objects), default=0.0)
    cards = [
        Card(number, scene, data_uri(pictures[scene.id]) if scene.id in pictures else "")
        for number, scene in enumerate(scenes.rows[:MOST_CARDS], 1)
    ]
    return PageData(
        content=content,
        length_s=length,
        median_s=median(lengths),
        longest_s=max(lengths),
        ticks=ticks(length),
        cuts=_cuts(scenes, length),
        lines=[_line(row, scenes, length, densest) for row in content["labels"][:MOST_LINES]],
        lines_left_out=max(0, len(content["labels"]) - MOST_LINES),
        cards=cards,
        cards_left_out=len(scenes) - len(cards),
        pictures_left_out=sum(not card.picture for card in cards),
        looked_at=sum(scene.pictures for scene in scenes),
    )


def _cuts(scenes: Scenes, length_s: float) -> list[float]:
    """Where on the line scenes begin, without those that would be drawn upon each other."""
    kept: list[float] = []
    for scene in scenes.rows[1:]:
        at = 100 * scene.start_s / length_s
        if not kept or at - kept[-1] >= NEAR:
            kept.append(round(at, 3))
    return kept


def _line(row: Mapping[str, Any], scenes: Scenes, length_s: float, densest: float) -> Line:
    counts = ((scene, one) for scene in scenes for one in scene.objects if one.label == row["label"])
    bars: list[Bar] = []
    for scene, one in counts:
        begin, end = (100 * t / (length_s or 1) for t in (scene.start_s, scene.end_s))
        width = max(NEAR, end - begin)
        left = min(begin, 100 - width)
        # the root, since one person more counts for less where there are many
        strength = round(0.3 + 0.7 * (one.mean / densest) ** 0.5 if densest else 1, 2)
        bar = Bar(scene, round(left, 3), round(width, 3), strength, one.most)
        bars[-1:] = _joined(bars[-1:], bar)
    return Line(row, row["seconds"] / length_s if length_s else 0.0, bars)


def _joined(last: Sequence[Bar], bar: Bar) -> list[Bar]:
    end = bar.left + bar.width
    if not last or end - last[0].left > 2 * NEAR:
        return [*last, bar]
    one = last[0]
    width, most = round(end - one.left, 3), max(one.most, bar.most)
    return [Bar(one.scene, one.left, width, max(one.strength, bar.strength), most)]
