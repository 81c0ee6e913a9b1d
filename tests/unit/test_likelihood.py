"""How likely a text is by what the recogniser thought of every letter: laws of chances, and folding."""

from __future__ import annotations

import json
from itertools import product
from math import exp, inf, isclose, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.brands.likelihood import NEVER, Step, chance_of, likelier, steps_of

SHARES = st.lists(st.floats(0.01, 1), min_size=3, max_size=3).map(lambda w: [x / sum(w) for x in w])


def lattice(*rows: list[float], letters: str = "ab") -> list[Step]:
    """Steps over a toy alphabet: the chance of no letter first."""
    return [dict(zip(("", *letters), (log(share) for share in row), strict=True)) for row in rows]


def peaked(text: str, sure: float = 0.9, others: str = "") -> str:
    """A reading's `letters` in which each letter of a text stands out, with blanks between."""
    rest = log((1 - sure) / max(1, len(others)))
    steps: list[list[str | float]] = [["", -0.01]]
    for char in text:
        row: list[str | float] = [char, log(sure)]
        for other in others:
            row += [other, rest] if other != char else []
        steps += [row, ["", -0.01]]
    return json.dumps(steps)


@given(st.lists(SHARES, min_size=1, max_size=4))
def test_the_chances_of_all_texts_of_an_alphabet_make_one(rows: list[list[float]]) -> None:
    texts = ["".join(text) for length in range(len(rows) + 1) for text in product("ab", repeat=length)]
    chances = [exp(chance_of(text, lattice(*rows))) for text in texts]
    assert isclose(sum(chances), 1, rel_tol=1e-9)


@given(st.lists(SHARES, min_size=1, max_size=4))
def test_the_chance_of_a_text_is_that_of_all_ways_to_say_it(rows: list[list[float]]) -> None:
    ways: dict[str, float] = {}
    for path in product(range(3), repeat=len(rows)):
        said = [p for n, p in enumerate(path) if p and (n == 0 or path[n - 1] != p)]
        chance = 1.0
        for row, place in zip(rows, path, strict=True):
            chance *= row[place]
        text = "".join("ab"[p - 1] for p in said)
        ways[text] = ways.get(text, 0) + chance
    for text, chance in ways.items():
        assert isclose(exp(chance_of(text, lattice(*rows))), chance, rel_tol=1e-9)


def test_a_doubled_letter_needs_something_in_between() -> None:
    sure = [0.0001, 0.9998, 0.0001]
    assert chance_of("aa", lattice(sure, sure)) == -inf
    assert chance_of("aa", lattice(sure, [0.9998, 0.0001, 0.0001], sure)) > -0.01


def test_in_a_peaked_lattice_what_was_read_is_likeliest() -> None:
    steps = steps_of(peaked("nordvik", others="aeiou"))
    others = ["nordvok", "nordvak", "nordvk", "nordviik", "nrdvik", "nordvikk", "", "lumora"]
    assert all(likelier(other, "nordvik", steps) < 0 for other in others)
    assert likelier("nordvik", "nordvik", steps) == 0
    assert likelier("nordvok", "nordvik", steps) > likelier("nordvok"[::-1], "nordvik", steps)


def test_a_letter_that_was_in_doubt_costs_little_and_one_never_thought_of_much() -> None:
    doubtful = json.dumps([["N", -0.1], ["0", -0.4, "O", -1.2], ["R", -0.1]])
    assert likelier("nor", "n0r", steps_of(doubtful)) == pytest.approx(-0.8)
    assert likelier("nxr", "n0r", steps_of(doubtful)) < NEVER + 1


def test_case_and_accents_are_one_letter_and_other_signs_are_none() -> None:
    told = json.dumps([["É", log(0.2), "e", log(0.3), "E", log(0.4)], ["-", log(0.5), " ", log(0.2), "", log(0.1)]])
    one, other = steps_of(told)
    assert one == {"e": pytest.approx(log(0.9))}
    assert other == {"": pytest.approx(log(0.8))}


def test_a_reading_may_come_without_steps() -> None:
    assert steps_of("") == []
