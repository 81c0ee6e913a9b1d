"""Progress of a stage's categories, weighted into one."""

from __future__ import annotations

from collections.abc import Mapping


class WeightedProgress:
    """How far a stage is that has declared categories of progress. A category without a weight is told as it is, and so
    is what has no category."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = dict(weights)
        self._shares = dict.fromkeys(weights, 0.0)

    def whole(self, current: float, total: float, category: str | None) -> tuple[float, float]:
        """What a category's progress makes of the whole, as (percent, 100)."""
        if category not in self._shares:
            return current, total
        if total > 0:
            self._shares[category] = min(1.0, max(0.0, current / total))
        done = sum(weight * self._shares[name] for name, weight in self._weights.items())
        return 100 * done / sum(self._weights.values()), 100
