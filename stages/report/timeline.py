"""The timeline: where on a line from 0 to the video's end each exposure lies, in percent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stages.datatypes import Exposure

LEAST_WIDTH = 0.25
"""Percent: a shorter exposure is drawn this wide, or it would not be seen."""

_STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
MOST_TICKS = 9


@dataclass(frozen=True)
class Bar:
    """An exposure on its line: `left` and `width` in percent, `strength` 0.35..1 by its share of the frame."""

    exposure: Exposure
    left: float
    width: float
    strength: float


def bars(exposures: Iterable[Exposure], length_s: float, largest: float) -> list[Bar]:
    """The exposures of one brand as bars; `largest` is the share of the frame that is drawn strongest."""
    return [_bar(exposure, length_s or 1.0, largest) for exposure in exposures]


def _bar(exposure: Exposure, length_s: float, largest: float) -> Bar:
    width = max(LEAST_WIDTH, 100 * exposure.seconds / length_s)
    left = min(100 * exposure.start_s / length_s, 100 - width)
    # the root, since what one sees of a size is its side and not its area
    strength = 0.35 + 0.65 * (exposure.mean_area / largest) ** 0.5 if largest else 1.0
    return Bar(exposure, round(left, 3), round(width, 3), round(min(1.0, strength), 2))


def ticks(length_s: float) -> list[tuple[float, float]]:
    """Round times along the line, at most nine: (seconds, percent)."""
    if length_s <= 0:
        return []
    step = next((s for s in _STEPS_S if length_s / s <= MOST_TICKS), _STEPS_S[-1])
    return [(n * step, round(100 * n * step / length_s, 3)) for n in range(int(length_s / step + 1e-9) + 1)]


def covered(exposures: Iterable[Exposure]) -> float:
    """Seconds in which at least one exposure runs."""
    total, reached = 0.0, 0.0
    for exposure in sorted(exposures, key=lambda e: e.start_s):
        total += max(0.0, exposure.end_s - max(reached, exposure.start_s))
        reached = max(reached, exposure.end_s)
    return total
