"""What one reading says for and against a name.

Letters missing from a reading are no evidence against a name: something stood before them. Letters that the name does
not have there are, the more the surer the reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stages.brands.letters import is_dense, letters
from stages.brands.likelihood import likelier, steps_of
from stages.brands.names import Alias

LOOKS_LIKE = str.maketrans("01582iавекмнорстухіαβεηικμνορτυχζ", "olsbzlabekmhopctyxlabehlkmnoptyxz")
"""Letters that are hardly told apart in small print count as one, and so do Cyrillic and Greek ones whose capitals are
those of the Latin alphabet: a recogniser that knows only the latter reads МТС as MTC."""

NEAR = 60.0
"""Similarity (0..100) below which a reading says nothing of a name, unless it is a piece of it."""

SAME, CLOSE = 97.0, 90.0
"""Similarities from which a reading votes for a name with 2 and with 1."""

LEAST_LETTERS = 4
"""Fewer letters than this match only when they are the very name: three that are nearly right say nothing."""

LEAST_PIECE = 3
"""Letters that a piece of a name must have to count as one."""

LEAST_INSIDE, LONG_INSIDE = 5, 8
"""A name of so many letters is also looked for among the words of longer text; of so many, with a fault in it."""

MOST_WORDS = 6
"""No name has more words than this."""

INSIDE_COSTS = 2.0
"""Points that a match inside longer text is worth less than one of the whole."""

NEARLY_ALL = 0.7
"""A reading of this share of the name's letters or more is of all of it, so letters that differ speak against it."""

UNSURE, SURE = 0.88, 0.95
"""Sureness of a reading from which, and at which fully, its letters speak against a name."""

LEAST_SURE = 0.5
"""A reading less sure than this says nothing."""

MISREAD_FROM, MISREAD_SURE, MISREAD = 75.0, 0.7, -6.0
"""Where similarity and sureness are at least these, the recogniser's own doubts are asked: the name counts as misread
if it is likelier than this against what was read (natural logarithm; see `likelihood`)."""

MISREAD_VOTE, PARTLY_MISREAD_VOTE = 1.2, 0.4
"""Of a misread name, and of one of which letters are hidden besides: that alone does not suffice."""


Part = tuple[float, float]
"""From where to where along a reading, shares of its letters."""


@dataclass(frozen=True)
class Evidence:
    """What a reading says of a name: similarity 0..100, which of the name's letters it covers, its vote, and which part
    of the reading that is."""

    similarity: float
    covered: frozenset[int]
    vote: float
    part: Part


@dataclass(frozen=True)
class Name:
    """A name to look for: its alias, and its letters as they look in small print."""

    alias: Alias
    look: str

    @staticmethod
    def of(alias: Alias) -> Name:
        """The name as it is looked for."""
        return Name(alias, alias.letters.translate(LOOKS_LIKE))


def evidence(text: str, score: float, told: str, names: Sequence[Name], threshold: float) -> dict[Alias, Evidence]:
    """What a reading says of each name that it is like, or a piece of. `told`: see `Reading.letters`; "" for nothing.

    `threshold`: the similarity that counts as a match, 0..100.
    """
    said = letters(text)
    if len(said) < 2 or score < LEAST_SURE:
        return {}
    found: dict[Alias, Evidence] = {}
    for name, similarity, source in _like(text, said, names):
        covered = _covered(said.translate(LOOKS_LIKE), name.look, similarity)
        if similarity >= NEAR or covered:
            vote, similarity = _vote(said, score, told, name, similarity, source, threshold)
            found[name.alias] = Evidence(similarity, covered, vote, _part(said.translate(LOOKS_LIKE), source))
    return found


def _part(look: str, source: str) -> Part:
    begin = max(0, look.find(source))
    return begin / len(look), (begin + len(source)) / len(look)


def _like(text: str, said: str, names: Sequence[Name]) -> Iterator[tuple[Name, float, str]]:
    """Each name that comes into question, how like it the text is, and which part of the text that is."""
    from rapidfuzz import fuzz, process

    look = said.translate(LOOKS_LIKE)
    whole = process.cdist([said], [name.alias.letters for name in names], scorer=fuzz.ratio)[0]
    alike = process.cdist([look], [name.look for name in names], scorer=fuzz.ratio)[0]
    inside = _inside(text, look, names)
    for place, (name, exact, nearly) in enumerate(zip(names, whole.tolist(), alike.tolist(), strict=True)):
        similarity, source = (100.0, look) if said == name.alias.letters else (max(exact, nearly - 1), look)
        if place in inside and inside[place][0] > similarity:
            similarity, source = inside[place]
        if similarity < SAME and _stands_among(name, look, names):
            similarity, source = 100 - INSIDE_COSTS, name.look
        if is_dense(name.alias.letters) and len(name.look) >= 2 and name.look in look:
            similarity, source = max(similarity, 100 - INSIDE_COSTS), name.look
        if similarity >= NEAR or (len(look) >= LEAST_PIECE and look in name.look):
            yield name, similarity, source


def _inside(text: str, look: str, names: Sequence[Name]) -> dict[int, tuple[float, str]]:
    """By a name's place: how like it some words of the text are, and which."""
    import numpy as np
    from rapidfuzz import fuzz, process

    runs = sorted(run for run in _runs(text) - {look} if len(run) >= LEAST_INSIDE - 1)
    if not runs:
        return {}
    scores = process.cdist(runs, [name.look for name in names], scorer=fuzz.ratio, score_cutoff=NEAR)
    length, wanted = np.array([[len(run)] for run in runs]), np.array([len(name.look) for name in names])
    may_hold = (scores == 100) | ((wanted >= LONG_INSIDE) & (np.abs(length - wanted) <= 1))
    scores[~(may_hold & (wanted >= LEAST_INSIDE))] = 0
    best = scores.argmax(0)
    return {
        int(place): (float(scores[best[place], place]) - INSIDE_COSTS, runs[best[place]])
        for place in np.flatnonzero(scores.max(0))
    }


def _runs(text: str) -> set[str]:
    """All runs of a few whole words of a text, as they look."""
    words = [letters(word).translate(LOOKS_LIKE) for word in re.split(r"[\W_]+", text)]
    words = [word for word in words if word]
    ends = ((i, min(i + MOST_WORDS, len(words))) for i in range(len(words)))
    return {"".join(words[i:j]) for i, end in ends for j in range(i + 1, end + 1)}


def _stands_among(name: Name, look: str, names: Sequence[Name]) -> bool:
    """Whether a text is the name and, right beside it, other names or pieces of them: boards read as one line."""
    begin = look.find(name.look)
    if begin < 0 or len(name.look) < LEAST_INSIDE or name.look == look:
        return False
    rests = [rest for rest in (look[:begin], look[begin + len(name.look) :]) if rest]
    return all(len(rest) >= LEAST_PIECE and any(_is_of(rest, other) for other in names) for rest in rests)


def _is_of(rest: str, name: Name) -> bool:
    """Whether it is a name, or the end or the beginning of one."""
    return name.look.startswith(rest) or name.look.endswith(rest)


def _covered(look: str, name: str, similarity: float) -> frozenset[int]:
    if len(look) >= LEAST_PIECE and (begin := name.find(look)) >= 0:
        return frozenset(range(begin, begin + len(look)))
    return frozenset(range(len(name))) if similarity >= SAME - INSIDE_COSTS else frozenset()


def _vote(
    said: str, score: float, told: str, name: Name, similarity: float, source: str, threshold: float
) -> tuple[float, float]:
    """The vote, and the similarity, which is more where the name was only misread."""
    vote = _for(said, name, similarity, source, threshold)
    alien = _alien(source, name.look)
    of_all = len(said) >= NEARLY_ALL * len(name.alias.letters)
    if not alien or similarity >= SAME or not of_all:
        return vote * score, similarity
    asked = similarity >= MISREAD_FROM and score > MISREAD_SURE and told and source == said.translate(LOOKS_LIKE)
    if asked and likelier(name.alias.letters, said, steps_of(told)) > MISREAD:
        whole = len(source) >= len(name.look)
        return (MISREAD_VOTE if whole else PARTLY_MISREAD_VOTE) * score, max(similarity, CLOSE)
    against = 1.2 if name.look in said.translate(LOOKS_LIKE) else 0.3 if similarity >= threshold else 0.9
    sure = min(1.0, max(0.0, (score - UNSURE) / (SURE - UNSURE)))
    return (vote * (1 - sure) - sure * against) * score, similarity


def _for(said: str, name: Name, similarity: float, source: str, threshold: float) -> float:
    if min(len(source), len(name.look)) < LEAST_LETTERS and not is_dense(name.look):
        return 2.0 if said.translate(LOOKS_LIKE) == name.look else 0.0
    return 2.0 if similarity >= SAME else 1.0 if similarity >= CLOSE else 0.6 if similarity >= threshold else 0.0


def _alien(source: str, name: str) -> int:
    """Letters that were read and that the name has not there."""
    from rapidfuzz.distance import Levenshtein

    return sum(step.tag != "insert" for step in Levenshtein.editops(source, name))
