"""From the weights of steps to one figure that never goes back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from threading import RLock

ProgressCallback = Callable[[int, int], object]
"""Called with (0…100, 100)."""

_WHOLE = 100
_AS_MEANT = 1e-9  # 0.29 * 100 is a little less than 29, and 29 it is


class StepsProgress:
    """Told of each step's begin, of how far it is and of its end, tells a callback of the whole.

    100 is told when the last step has ended, and not before. Where all weights are 0 every step counts the same.
    """

    def __init__(self, weights: Sequence[float], callback: ProgressCallback | None) -> None:
        most = max(weights, default=0)
        self._shares = [weight / most for weight in weights] if most else [1.0] * len(weights)
        self._callback, self._place, self._told = callback, 0, -1
        self._lock = RLock()  # a step may tell from several threads; a callback may run a step

    def begin(self, place: int) -> None:
        """The step of this place runs now."""
        self._place = place

    def within(self, current: float, total: float) -> None:
        """The step is at `current` of `total`. Told when it moves the figure; nonsense is passed over."""
        part = current / total if total > 0 else math.nan
        if math.isfinite(part):
            self._tell(self._percent(min(1.0, max(0.0, part))), always=False)

    def end(self) -> None:
        """The step has ended, or was skipped."""
        last = self._place == len(self._shares) - 1
        self._tell(_WHOLE if last else self._percent(1.0), always=True)

    def finish(self) -> None:
        """All steps have ended; told once more only if there was none to end."""
        self._tell(_WHOLE, always=False)

    def _percent(self, part: float) -> int:
        done = math.fsum([*self._shares[: self._place], self._shares[self._place] * part])
        return min(_WHOLE - 1, int(_WHOLE * done / math.fsum(self._shares) + _AS_MEANT))

    def _tell(self, percent: int, always: bool) -> None:
        with self._lock:
            if self._callback is not None and (always or percent > self._told):
                self._told = max(percent, self._told)
                self._callback(self._told, _WHOLE)
