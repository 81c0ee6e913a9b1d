"""All readings of a track together decide which names it shows, and when.

Mostly that is one name all the time. But two boards side by side may be found as one, and what is followed may turn
into something else: so each name holds where and while readings speak for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
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
class Tally:
    """What all readings of a track say of one name: votes, letters of the name that were read, and the reading that is
    most like it, with its similarity 0..100."""

    votes: float = 0.0
    covered: set[int] = field(default_factory=set)
    similarity: float = 0.0
    best: Reading | None = None

    def count(self, reading: Reading, one: Evidence) -> None:
        """One more reading."""
        self.votes += one.vote
        self.covered |= one.covered
        if one.similarity > self.similarity or self.best is None:
            self.similarity, self.best = one.similarity, reading

    def suffices(self, alias: Alias, threshold: float) -> bool:
        """Whether the readings alone make the name."""
        if self.votes > ENOUGH and self.similarity >= threshold:
            return True
        return self.votes >= 0 and makes_name(alias, self.covered)


def makes_name(alias: Alias, covered: Collection[int]) -> bool:
    """Whether these letters of a name, put together, stand for all of it."""
    return len(alias.letters) >= LONG and len(covered) >= NEARLY_WHOLE * len(alias.letters)


@dataclass(frozen=True)
class Claim:
    """A name that a track shows: how like it the best reading is (0..100), and that reading."""

    alias: Alias
    similarity: float
    best: Reading


@dataclass(frozen=True)
class Opinion:
    """What the readings of a track say, each and all together."""

    said: Sequence[tuple[Reading, Mapping[Alias, Evidence]]]
    tallies: Mapping[Alias, Tally]

    @staticmethod
    def of(readings: Iterable[Reading], names: Sequence[Name], threshold: float) -> Opinion:
        """Ask every reading about every name."""
        said = [(r, evidence(r.text, r.score, r.letters, names, threshold)) for r in readings]
        tallies: dict[Alias, Tally] = defaultdict(Tally)
        for reading, found in said:
            for alias, one in found.items():
                tallies[alias].count(reading, one)
        return Opinion(said, dict(tallies))

    def accepted(self, threshold: float) -> list[Alias]:
        """The names for which it suffices by itself."""
        return [alias for alias, tally in self.tallies.items() if tally.suffices(alias, threshold)]

    def claim(self, alias: Alias) -> Claim:
        """The name, with the reading that is most like it."""
        tally = self.tallies[alias]
        assert tally.best is not None
        return Claim(alias, max(tally.similarity, 100 * len(tally.covered) / len(alias.letters)), tally.best)

    def nearest(self) -> Claim | None:
        """The name that is most like it, whether it suffices or not."""
        best = max(self.tallies, key=lambda a: (self.tallies[a].similarity, a.letters), default=None)
        return None if best is None else self.claim(best)

    def shown(self, accepted: Collection[Alias]) -> list[tuple[float, list[tuple[Claim, Part]]]]:
        """By time, what each reading that decides speaks for, and which part of the track shows it; nothing where it
        speaks for something else. Of names in the same place the one with most votes."""
        ordered = sorted(accepted, key=lambda a: (-self.tallies[a].votes - len(self.tallies[a].covered), a.letters))
        spoken = [reading.t for reading, found in self.said if any(alias in found for alias in ordered)]
        shown = []
        for reading, found in self.said:
            taken: list[tuple[Claim, Part]] = []
            for alias in (alias for alias in ordered if alias in found):
                part = found[alias].part
                if all(part[1] <= other[0] or part[0] >= other[1] for _, other in taken):
                    taken.append((self.claim(alias), part))
            if taken or _is_contrary(reading, ordered, between=spoken[0] < reading.t < spoken[-1] if spoken else False):
                shown.append((reading.t, taken))
        return shown


def _is_contrary(reading: Reading, accepted: Sequence[Alias], between: bool) -> bool:
    """Whether a reading that speaks for none of the names says that something else is there. Between readings that do
    speak for one, something may only stand before it; before the first and after the last of them less will do."""
    said = letters(reading.text)
    if between:
        return reading.score >= CONTRARY and len(said) >= CONTRARY_LETTERS
    return bool(said) and not any(said in alias.letters for alias in accepted)


def at(t: float, shown: Sequence[tuple[float, list[tuple[Claim, Part]]]]) -> list[tuple[Claim, Part]]:
    """What is shown at a time, by the reading that decides and is nearest to it."""
    return min(shown, key=lambda one: (abs(one[0] - t), one[0]))[1] if shown else []
