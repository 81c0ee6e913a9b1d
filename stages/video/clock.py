"""The times of pictures, made to run on: what comes next tells a damaged time from a clock that begins anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import inf
from typing import TypeVar

from stages.video.sampling import Shown

P = TypeVar("P")

RESTART_S = 1.0
"""Pictures that come so much before the last one, and go on from there, belong to another recording: files of some
formats can be put one behind the other. Pictures a little out of order are the work of damage."""


@dataclass
class Clock:
    """Puts pictures on one clock that only runs forwards.

    unordered pictures left out because their time fits neither what was before nor what comes next
    restarts  how often the file's own clock began anew
    offset_s  what is added to the file's own times now
    end_s     end of the last picture that was given
    """

    unordered: int = 0
    restarts: int = 0
    offset_s: float = 0.0
    end_s: float = 0.0
    _last: float | None = None
    _lost: bool = False

    def run_on(self, pictures: Iterable[Shown[P]]) -> Iterator[Shown[P]]:
        """The pictures in order of time; one is held back, to see what follows."""
        held: Shown[P] | None = None
        for following in pictures:
            if held is not None:
                yield from self._placed(held, following.t)
            held = following
        if held is not None:
            yield from self._placed(held, inf)

    def _placed(self, shown: Shown[P], following: float) -> Iterator[Shown[P]]:
        t, following = shown.t + self.offset_s, following + self.offset_s
        if self._begins_anew(t, following):
            self.restarts += 1
            self.offset_s += self.end_s - t
            t = self.end_s
        elif not self._fits(t, following):
            self.unordered += 1
            self._lost |= shown.after_damage
            return
        lost, self._lost, self._last, self.end_s = self._lost, False, t, t + shown.length
        yield replace(shown, t=t, after_damage=shown.after_damage or lost)

    def _begins_anew(self, t: float, following: float) -> bool:
        return self._last is not None and t < self._last - RESTART_S and t < following <= self._last

    def _fits(self, t: float, following: float) -> bool:
        """Not before the last picture; nor so late that the next one, which is right, would have to be left out."""
        last = -inf if self._last is None else self._last
        return t >= 0 and t > last and not max(last, 0.0) < following < t
