"""Spans of time in which something was seen, merged into stretches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Span = tuple[float, float]


@dataclass
class Stretch:
    """From `begin` to `end`, seconds; `members` are the places of the spans that it was made of."""

    begin: float
    end: float
    members: list[int] = field(default_factory=list)


def merged(spans: Sequence[Span], gap: float, pad: float, end: float) -> list[Stretch]:
    """Stretches that cover the spans (first time, last time), in order, apart from each other, within 0..end.

    Spans no more than `gap` apart belong together; each stands for `pad` before and after it. All in seconds. Every
    span is a member of exactly one stretch.
    """
    stretches: list[Stretch] = []
    reach = max(gap, 2 * pad)  # padded, they would touch
    for place in sorted(range(len(spans)), key=lambda i: spans[i]):
        first, last = spans[place]
        if stretches and first - stretches[-1].end <= reach:
            stretches[-1].end = max(stretches[-1].end, last)
            stretches[-1].members.append(place)
        else:
            stretches.append(Stretch(first, last, [place]))
    for stretch in stretches:
        stretch.begin = max(0.0, stretch.begin - pad)
        stretch.end = max(stretch.begin, min(end, stretch.end + pad))
    return stretches
