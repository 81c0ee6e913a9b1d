"""Texts that were near a brand, grouped for a person to judge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from stages.datatypes import Reading, Readings
from stages.datatypes.arrow import Quads

MOST_PLACES = 2


@dataclass(frozen=True)
class UnreadText:
    """A text, however it was spelt: its best reading, how many times it was followed, when and where it was seen.

    moments  presentation times, seconds, ascending, one for each time
    places   where in the picture, in words, the most frequent first
    """

    best: Reading
    moments: Sequence[float]
    places: Sequence[str]


def grouped(unresolved: Readings, width: int, height: int) -> list[UnreadText]:
    """One entry for each text, the most frequent first; capitals and spaces make no difference."""
    found: dict[str, list[Reading]] = defaultdict(list)
    for reading in unresolved:
        found["".join(reading.text.casefold().split())].append(reading)
    texts = [_text(readings, width, height) for readings in found.values()]
    return sorted(texts, key=lambda one: (-len(one.moments), one.moments[0], one.best.text))


def _text(readings: Sequence[Reading], width: int, height: int) -> UnreadText:
    times: dict[str, int] = defaultdict(int)
    for reading in readings:
        times[place(reading.quad, width, height)] += 1
    places = sorted(times, key=lambda name: (-times[name], name))[:MOST_PLACES]
    best = max(readings, key=lambda reading: (reading.score, -reading.t))
    return UnreadText(best, sorted(reading.t for reading in readings), places)


def place(quad: Quads, width: int, height: int) -> str:
    """Where in the picture a quad is, in words: "top left", "middle", "bottom"."""
    x, y = (float(value) for value in quad.mean(0))
    across = ("left", "", "right")[min(2, max(0, int(3 * x / width)))] if width else ""
    down = ("top", "", "bottom")[min(2, max(0, int(3 * y / height)))] if height else ""
    return f"{down} {across}".strip() or "middle"
