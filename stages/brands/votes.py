"""All readings of a track together decide which names it shows, and when.

Mostly that is one name all the time. But two boards side by side may be found as one, and what is followed may turn
into something else: so each name holds where and while readings speak for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from stages.brands.evidence import Evidence, Name, Part, evidence
from stages.brands.letters import letters
from stages.brands.names import Alias
from stages.datatypes import Reading

ENOUGH = 0.45
"""Votes that a name needs, beside one reading that matches it."""

NEARLY_WHOLE, LONG = 0.85, 6
"""Of a name of at least so many letters this share, put together from several readings, stands for a match."""

CONTRARY, CONTRARY_LETTERS = 0.9, 4
"""A reading so sure, of at least so many letters, that speaks for no name says that the track shows something else."""


@dataclass
class _Tally:
    votes: float = 0.0
    covered: set[int] = field(default_factory=set)
    similarity: float = 0.0
    best: Reading | None = None


@dataclass(frozen=True)
class Claim:
    """A name that a track shows: how like it the best reading is (0..100), and that reading."""

    alias: Alias
    similarity: float
    best: Reading


@dataclass(frozen=True)
class Verdict:
    """What a track shows. `nearest` is the name that is most like it, whether it suffices or not; `_shown` by time what
    the reading there speaks for, nothing where it speaks for something else."""

    nearest: Claim | None
    claims: tuple[Claim, ...]
    _shown: tuple[tuple[float, Mapping[Alias, Part]], ...]

    def at(self, t: float) -> Iterator[tuple[Claim, Part]]:
        """The names that it shows at a time, by the reading nearest to it, and which part of it shows each."""
        if self.claims:
            _, shown = min(self._shown, key=lambda one: (abs(one[0] - t), one[0]))
            for claim in self.claims:
                if claim.alias in shown:
                    yield claim, shown[claim.alias]


def decide(readings: Iterable[Reading], names: Sequence[Name], threshold: float) -> Verdict:
    """The names that all readings of a track together speak for."""
    said = [(reading, evidence(reading.text, reading.score, reading.letters, names, threshold)) for reading in readings]
    tallies: dict[Alias, _Tally] = defaultdict(_Tally)
    for reading, found in said:
        for alias, one in found.items():
            _count(tallies[alias], reading, one)
    ordered = sorted(tallies, key=lambda a: (-tallies[a].votes - _share(a, tallies[a]), a.letters))
    accepted = [alias for alias in ordered if _suffices(alias, tallies[alias], threshold)]
    shown = tuple(_shown(said, accepted))
    held = {alias for _, found in shown for alias in found}
    nearest = max(tallies, key=lambda a: (tallies[a].similarity, a.letters), default=None)
    return Verdict(
        None if nearest is None else _claim(nearest, tallies[nearest]),
        tuple(_claim(alias, tallies[alias]) for alias in accepted if alias in held),
        shown,
    )


def _count(tally: _Tally, reading: Reading, one: Evidence) -> None:
    tally.votes += one.vote
    tally.covered |= one.covered
    if one.similarity > tally.similarity or tally.best is None:
        tally.similarity, tally.best = one.similarity, reading


def _shown(
    said: Sequence[tuple[Reading, Mapping[Alias, Evidence]]], accepted: Sequence[Alias]
) -> Iterator[tuple[float, dict[Alias, Part]]]:
    """What each reading that decides speaks for: of names in the same place the one with most votes."""
    for reading, found in said:
        taken: dict[Alias, Part] = {}
        for alias in (alias for alias in accepted if alias in found):
            part = found[alias].part
            if all(part[1] <= other[0] or part[0] >= other[1] for other in taken.values()):
                taken[alias] = part
        if taken or (reading.score >= CONTRARY and len(letters(reading.text)) >= CONTRARY_LETTERS):
            yield reading.t, taken


def _claim(alias: Alias, tally: _Tally) -> Claim:
    assert tally.best is not None
    return Claim(alias, max(tally.similarity, 100 * _share(alias, tally)), tally.best)


def _suffices(alias: Alias, tally: _Tally, threshold: float) -> bool:
    if tally.votes > ENOUGH and tally.similarity >= threshold:
        return True
    return tally.votes >= 0 and len(alias.letters) >= LONG and _share(alias, tally) >= NEARLY_WHOLE


def _share(alias: Alias, tally: _Tally) -> float:
    return len(tally.covered) / len(alias.letters)
