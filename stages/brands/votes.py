"""All readings of a track together decide which name it shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from stages.brands.evidence import Name, evidence
from stages.brands.names import Alias
from stages.datatypes import Reading

ENOUGH = 0.45
"""Votes that a name needs, beside one reading that matches it."""

NEARLY_WHOLE, LONG = 0.85, 6
"""Of a name of at least so many letters this share, put together from several readings, stands for a match."""


@dataclass
class _Tally:
    votes: float = 0.0
    covered: set[int] = field(default_factory=set)
    similarity: float = 0.0
    best: Reading | None = None


@dataclass(frozen=True)
class Verdict:
    """What a track shows. `alias` is None where no name is near; `similarity` 0..100; `best` is the reading that is
    most like it; `accepted`: whether the readings suffice."""

    alias: Alias | None
    similarity: float
    best: Reading | None
    accepted: bool


def decide(readings: Iterable[Reading], names: Sequence[Name], threshold: float) -> Verdict:
    """The name that all readings of a track together speak for; the nearest one where none suffices."""
    tallies: dict[Alias, _Tally] = defaultdict(_Tally)
    for reading in readings:
        for alias, said in evidence(reading.text, reading.score, reading.letters, names, threshold).items():
            tally = tallies[alias]
            tally.votes += said.vote
            tally.covered |= said.covered
            if said.similarity > tally.similarity or tally.best is None:
                tally.similarity, tally.best = said.similarity, reading
    accepted = [alias for alias, tally in tallies.items() if _suffices(alias, tally, threshold)]
    if not tallies:
        return Verdict(None, 0.0, None, False)
    if accepted:
        best = max(accepted, key=lambda a: (tallies[a].votes + _share(a, tallies[a]), tallies[a].similarity, a.letters))
    else:
        best = max(tallies, key=lambda a: (tallies[a].similarity, a.letters))
    tally = tallies[best]
    return Verdict(best, max(tally.similarity, 100 * _share(best, tally)), tally.best, bool(accepted))


def _suffices(alias: Alias, tally: _Tally, threshold: float) -> bool:
    if tally.votes > ENOUGH and tally.similarity >= threshold:
        return True
    return tally.votes >= 0 and len(alias.letters) >= LONG and _share(alias, tally) >= NEARLY_WHOLE


def _share(alias: Alias, tally: _Tally) -> float:
    return len(tally.covered) / len(alias.letters)
