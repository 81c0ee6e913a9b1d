"""How many things of each label are in the pictures."""

from __future__ import annotations

from collections import Counter, defaultdict

from stages.datatypes import Boxes, Frames, SceneObject

MEAN_DECIMALS = 2


class Counts:
    """Things in the pictures of `frames`, each of which is known by its place there."""

    def __init__(self, frames: Frames, objects: Boxes | None, least_share: float = 0) -> None:
        """`least_share` (0..1) of some pictures must show a label, or there is none of it in them."""
        import numpy as np

        self._least = least_share
        self._in: dict[int, Counter[str]] = defaultdict(Counter)
        held = frames.index.held_frame
        self._times = (1 + np.bincount(held, minlength=len(frames))).tolist()
        if objects is not None:
            places = frames.index.t.searchsorted(objects.t).tolist()
            for place, label in zip(places, objects.labels, strict=True):
                self._in[place][label] += 1

    def all_in(self, place: int) -> int:
        """How many things are in a picture."""
        return self._in[place].total() if place in self._in else 0

    def within(self, places: range) -> tuple[SceneObject, ...]:
        """What is in some pictures, the most numerous first. Each counts as often as the times that it stands for."""
        most: Counter[str] = Counter()
        total: Counter[str] = Counter()
        seen: Counter[str] = Counter()
        for place in places:
            for label, count in self._in.get(place, Counter()).items():
                most[label] = max(most[label], count)
                total[label] += count * self._times[place]
                seen[label] += self._times[place]
        times = sum(self._times[place] for place in places)
        kept = [label for label in most if seen[label] >= self._least * times]
        found = [SceneObject(label, most[label], round(total[label] / times, MEAN_DECIMALS)) for label in kept]
        return tuple(sorted(found, key=lambda one: (-one.mean, -one.most, one.label)))
