"""Which pictures of a video are looked at: those on screen at evenly spaced times.

A picture is on screen from its own time until the next one comes, so a picture that stands for long (slides, variable
frame rate) represents several samples. What lies behind damage is not known, and nothing stands for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Generic, TypeVar

P = TypeVar("P")

LONGEST_HOLD_S = 60.0
"""A longer gap between two pictures is taken for a fault of the file's clock, not for a still picture."""

SAME_S = 1e-6
"""Times closer than this are the same: the resolution in which they are kept."""


@dataclass(frozen=True)
class Shown(Generic[P]):
    """A picture that is shown at `t` for `length` seconds; `after_damage`: something before it was lost."""

    t: float
    length: float
    after_damage: bool
    picture: P


@dataclass(frozen=True)
class Sample(Generic[P]):
    """A picture to look at, the later sample times it stands for, and the last sample time at which it is on screen."""

    t: float
    also: tuple[float, ...]
    picture: P
    until: float


def sampled(pictures: Iterable[Shown[P]], period: float, first: float | None = None) -> Iterator[Sample[P]]:
    """The pictures on screen at first time, first time + period, …; each at most once, in order.

    `period` in seconds; `first`: time of the video's first picture, where these begin later. Only one picture is held
    at a time, so memory does not grow with the video; what is sampled of it depends on no picture before it.
    """
    held: Shown[P] | None = None
    due = 0
    for shown in pictures:
        first = shown.t if first is None else first
        if held is not None:
            times, due = _times(held, _until(held, shown, period), first, due, period)
            if times:
                yield _sample(held, times)
        held = shown
    if held is not None and first is not None:
        length = min(max(held.length, 2 * SAME_S), LONGEST_HOLD_S)
        times, _ = _times(held, held.t + length, first, due, period)
        if times:
            yield _sample(held, times)


def _until(held: Shown[P], following: Shown[P], period: float) -> float:
    if following.after_damage:
        return min(following.t, held.t + max(held.length, period))
    return min(following.t, held.t + LONGEST_HOLD_S)


def _times(held: Shown[P], until: float, first: float, due: int, period: float) -> tuple[list[float], int]:
    """The sample times in [held.t, until), and the number of the sample that is due next."""
    begin = max(due, ceil((held.t - first - SAME_S) / period))
    end = ceil((until - first - SAME_S) / period)
    return [first + n * period for n in range(begin, end)], max(begin, end)


def _sample(held: Shown[P], times: list[float]) -> Sample[P]:
    """A picture's own time is its presentation time, which is up to one picture before the sample's."""
    return Sample(held.t, tuple(times[1:]), held.picture, times[-1])
