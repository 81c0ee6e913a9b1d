"""Pieces of a name that are followed apart, since something stands before the rest of it.

A piece belongs to a name where the whole of it was read, at the same place and time; and several pieces that stand in
one line, in the order of their letters, make the name together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from stages.brands.names import Alias
from stages.brands.votes import Opinion, makes_name
from stages.datatypes import Tracks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Quad = NDArray[np.float32]

SEEN = 0.4
"""Visible share from which a piece's place counts."""

TIMES, MOSTLY = 2, 0.5
"""A piece must be at the place of the whole at least so many times, and for this share of the time they have common."""

GAP, ASIDE = 6.0, 0.6
"""Pieces of one line are at most so many heights apart along it, and so many heights off it."""

HEIGHTS = 1.6
"""How many times higher one of them may be than the other."""

Accepted = Mapping[int, Sequence[Alias]]


def with_pieces(accepted: Accepted, opinions: Mapping[int, Opinion], tracks: Tracks) -> dict[int, list[Alias]]:
    """The names that each track shows, with those that it shows a piece of."""
    points = _Points(tracks)
    found = {track: list(names) for track, names in accepted.items()}
    open_tracks = {
        track: [alias for alias, tally in opinion.tallies.items() if tally.votes >= 0 and tally.covered]
        for track, opinion in opinions.items()
        if not accepted[track]
    }
    whole: dict[Alias, list[int]] = defaultdict(list)
    for track, names in accepted.items():
        for alias in names:
            whole[alias].append(track)
    for track, names in open_tracks.items():
        found[track] += [a for a in names if any(points.is_on(track, other) for other in whole[a])]
    for alias, pieces in _by_alias({t: names for t, names in open_tracks.items() if not found[t]}).items():
        for track in _joined(alias, pieces, opinions, points):
            found[track].append(alias)
    return found


def _by_alias(open_tracks: Accepted) -> Mapping[Alias, list[int]]:
    pieces: dict[Alias, list[int]] = defaultdict(list)
    for track, names in open_tracks.items():
        for alias in names:
            pieces[alias].append(track)
    return pieces


def _joined(alias: Alias, pieces: Sequence[int], opinions: Mapping[int, Opinion], points: _Points) -> Iterator[int]:
    """The pieces that together with their neighbours make the name."""
    covered = {track: opinions[track].tallies[alias].covered for track in pieces}
    near: dict[int, set[int]] = {track: {track} for track in pieces}
    for one, other in points.at_once(pieces):
        first, second = sorted((one, other), key=lambda track: sum(covered[track]) / len(covered[track]))
        if points.in_line(first, second):
            near[one].add(other)
            near[other].add(one)
    for track in pieces:
        if makes_name(alias, set().union(*(covered[other] for other in near[track]))):
            yield track


class _Points:
    """Where the tracks are, by time."""

    def __init__(self, tracks: Tracks) -> None:
        self._tracks, self._rows = tracks, tracks.rows_of()
        self._known: dict[int, dict[float, int]] = {}

    def at_once(self, tracks: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Pairs of tracks that are there at the same time."""
        t = self._tracks.t
        spans = sorted((float(t[self._rows[track][0]]), float(t[self._rows[track][-1]]), track) for track in tracks)
        for place, (_, end, one) in enumerate(spans):
            for begin, _, other in spans[place + 1 :]:
                if begin > end:
                    break
                yield one, other

    def _of(self, track: int) -> dict[float, int]:
        if track not in self._known:
            self._known[track] = {float(self._tracks.t[row]): row for row in self._rows[track]}
        return self._known[track]

    def _common(self, one: int, other: int) -> list[tuple[Quad, Quad]]:
        """Places of both at the times at which the first is to be seen."""
        mine, theirs = self._of(one), self._of(other)
        quads, visible = self._tracks.quads, self._tracks.visible
        return [(quads[row], quads[theirs[t]]) for t, row in mine.items() if t in theirs and visible[row] >= SEEN]

    def is_on(self, piece: int, whole: int) -> bool:
        """Whether the piece stands where the whole is."""
        import cv2

        common = self._common(piece, whole)
        inside = [cv2.pointPolygonTest(quad, tuple(map(float, own.mean(0))), False) >= 0 for own, quad in common]
        return sum(inside) >= max(TIMES, MOSTLY * len(inside))

    def in_line(self, first: int, second: int) -> bool:
        """Whether the second stands right of the first, in one line with it."""
        common = self._common(first, second)
        fitting = [_follows(one, other) for one, other in common]
        return sum(fitting) >= max(TIMES, MOSTLY * len(fitting))


def _follows(one: Quad, other: Quad) -> bool:
    import numpy as np

    along = (one[1] - one[0] + one[2] - one[3]) / 2
    down, lower = (float(np.hypot(*(q[3] - q[0] + q[2] - q[1]))) / 2 for q in (one, other))
    length = float(np.hypot(*along))
    if min(down, lower, length) < 1 or max(down, lower) > HEIGHTS * min(down, lower):
        return False
    way = along / length
    step = other.mean(0) - one.mean(0)
    ahead, aside = float(step @ way), abs(float(step[0] * way[1] - step[1] * way[0]))
    gap = ahead - (length + float(np.abs((other - other.mean(0)) @ way).max()) * 2) / 2
    return ahead > 0 and gap < GAP * down and aside < ASIDE * down
