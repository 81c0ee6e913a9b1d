"""Round times along a line that stands for a video."""

from __future__ import annotations

_STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
MOST_TICKS = 9


def ticks(length_s: float) -> list[tuple[float, float]]:
    """Round times along the line, at most nine and the begin: (seconds, percent)."""
    if length_s <= 0:
        return []
    step = next((s for s in _STEPS_S if length_s / s <= MOST_TICKS), length_s / MOST_TICKS)
    return [(n * step, round(100 * n * step / length_s, 3)) for n in range(int(length_s / step + 1e-9) + 1)]
