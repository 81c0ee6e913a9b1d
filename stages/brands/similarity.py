"""How like a brand a text is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.brands.letters import is_dense, letters
from stages.brands.names import Alias

LEAST_LETTERS = 4
"""Fewer letters than this match only when they are the very name: three that are nearly right say nothing."""

LEAST_INSIDE = 5
"""A name of at least this many letters is also looked for inside longer text; a shorter one is in too many words."""

LONGER_BY = 2
"""Text is longer when it has this many letters more than the name."""

INSIDE_COSTS = 2.0
"""Points that a match inside longer text is worth less than one of the whole."""

ROWS = 1000
"""Texts compared at a time: 1000 x 1000 brands are 4 MB."""

Scores = NDArray[np.float32]


def similarities(texts: Sequence[str], aliases: Sequence[Alias], least: float) -> Iterator[tuple[Alias | None, float]]:
    """For each text the alias it is most like and how much, 0..100; (None, 0) where nothing reaches `least`.

    The measure is rapidfuzz's `ratio` over letters and digits, and for longer text its `partial_ratio` less 2. (Over
    10,000 texts and 1,000 brands ratio takes 0.05 s and partial_ratio 2 s; WRatio would take 4.3 s.)
    """
    for start in range(0, len(texts), ROWS):
        reduced = [letters(text) for text in texts[start : start + ROWS]]
        scores = _scores(reduced, [alias.letters for alias in aliases], least)
        for row in scores:
            best = int(row.argmax()) if len(row) else -1
            yield (aliases[best], float(row[best])) if best >= 0 and row[best] >= least else (None, 0.0)


def _scores(texts: list[str], names: list[str], least: float) -> Scores:
    """(texts, names) float32, 0..100."""
    from rapidfuzz import fuzz, process

    whole: Scores = process.cdist(texts, names, scorer=fuzz.ratio, score_cutoff=least, dtype=np.float32)
    lengths, wanted = np.array([[len(t)] for t in texts]), np.array([len(n) for n in names])
    whole[(np.minimum(lengths, wanted) < LEAST_LETTERS) & (whole < 100)] = 0
    inside = _inside(fuzz, process, texts, names, least)
    inside[(lengths < wanted + LONGER_BY) | (wanted < LEAST_INSIDE)] = 0
    for column in (i for i, name in enumerate(names) if len(name) >= 2 and is_dense(name)):
        inside[[names[column] in text for text in texts], column] = 100
    best: Scores = np.maximum(whole, inside - np.float32(INSIDE_COSTS))
    return best


def _inside(fuzz: Any, process: Any, texts: list[str], names: list[str], least: float) -> Scores:
    cutoff = min(100.0, least + INSIDE_COSTS)
    found: Scores = process.cdist(texts, names, scorer=fuzz.partial_ratio, score_cutoff=cutoff, dtype=np.float32)
    return found
