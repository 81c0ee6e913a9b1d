"""Texts that were near a brand, grouped for a person to judge."""

from __future__ import annotations

from dataclasses import dataclass

from stages.datatypes import Readings


@dataclass(frozen=True)
class UnreadText:
    """A text as it was read, how many times, and when first and last (seconds)."""

    text: str
    times: int
    first_s: float
    last_s: float


def grouped(unresolved: Readings) -> list[UnreadText]:
    """One entry for each text, the most frequent first."""
    found: dict[str, UnreadText] = {}
    for region in unresolved:
        known = found.get(region.text, UnreadText(region.text, 0, region.t, region.t))
        found[region.text] = UnreadText(region.text, known.times + 1, known.first_s, region.t)
    return sorted(found.values(), key=lambda one: (-one.times, one.first_s, one.text))
