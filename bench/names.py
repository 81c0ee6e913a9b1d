"""Invented sponsors, words that look like them, and words of a broadcast that are nobody's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from rapidfuzz import fuzz


def _words(text: str, between: str = " ") -> tuple[str, ...]:
    return tuple(text.split(between))


_HEADS = _words(
    "Alt Ard Bel Bren Cal Cor Cres Dal Dor Elm Ever Fal Fen Gal Glen Hal Hex Ist Jor Kes Kor Lum Mar Mir Mont Nor "
    "Nov Or Ost Pal Pel Quan Rav Ren Sal Sol Sten Tal Tor Ulm Val Vel Vol Wen West Wil Yor Zeph"
)
_TAILS = _words(
    "amira andis anto ara aris axa bright cadia card dale dane dera dora dura entis era eron field fin gard gate "
    "ica ico inda ion ista ivo kona lane line lux mark mere mira mont nova ona onic ora over pay port quest rada "
    "ridge rion sted stone tano tel tera thorn tis tona ultra vara verde vik vista wick win wood yra zane"
)
_TRADES = _words(
    "Air Bank Beer Cars Coffee Energy Foods Gas Homes Mobile Motors Pay Rail Shoes Sports Steel Tyres Water"
)
_OTHER_TRADES = _words("Bay Street Park Lane Hill Road Bridge Island Castle Square")

TELLINGS = _words(
    "BREAKING NEWS|LIVE|HALF TIME|Weather: 14 C|Traffic heavy on A4|Corner|Next: evening news|12:45|Replay|"
    "Substitution|Shots on target 7|FULL TIME|Attendance 41,208|Wind 3 m/s|Referee: T. Haugen|Quarter final|"
    "Leg 2 of 2|Rain at 18:00|Coming up|Minute 63|Lap 14 of 52|Gap 0.382|Sector 2|Yellow card|M. Okafor|"
    "J. Lindqvist|A. Petrescu|S. Yamada|C. Duarte|P. Novak|L. Bergman|R. Achterberg|D. Oyelaran|Group B|Standings|"
    "Points 27|Press room|Studio 4",
    "|",
)
"""Other text of a broadcast."""

Way = Callable[[str, np.random.Generator], str]
"""Makes another word of a name."""

_UNLIKE = {"a": "ou", "e": "ou", "i": "ao", "o": "ei", "u": "ae", "y": "ao"}
_CONSONANTS = "bdfgklmnprstvz"

LIKE_AT_LEAST, LIKE_AT_MOST = 50, 80
"""How like (`rapidfuzz.fuzz.ratio`) most look-alikes are to the name they resemble: as in football, where NORDIC and
NORDVIK (77) are two sponsors."""
LIKE_AT_ALL = 88
"""The same, of those with a single letter changed: more than this no viewer tells apart in passing."""


def plain(text: str) -> str:
    """The letters and digits of a text, in lower case."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def invent_brands(rng: np.random.Generator, count: int = 16) -> list[str]:
    """Sponsors of 4 to 14 letters, one or two words, none like another; some with another spelling after `|`."""
    found: list[str] = []
    heads = list(rng.permutation(_HEADS))
    while len(found) < count and heads:
        brand = _brand(str(heads.pop()), len(found), rng)
        shown = brand.split("|")[0]
        if 4 <= len(plain(shown)) <= 14 and likeness(shown, found) < 60:
            found.append(brand)
    return found


def look_alikes(brands: Sequence[str], rng: np.random.Generator, count: int = 10) -> list[str]:
    """Words that are none of the brands but like one: two letters changed, another ending, another second word."""
    ways = (_two_letters, _other_end, _two_letters, _other_end, _other_second)
    return _alike(brands, rng, count, ways, LIKE_AT_MOST)


def close_ones(brands: Sequence[str], rng: np.random.Generator, count: int = 2) -> list[str]:
    """Words that are hard to tell from a brand: a single letter changed, or going on where the brand ends."""
    return _alike(brands, rng, count, (_one_letter, _longer), LIKE_AT_ALL)


def _alike(brands: Sequence[str], rng: np.random.Generator, count: int, ways: Sequence[Way], most: float) -> list[str]:
    found: list[str] = []
    for _ in range(50 * count):
        if len(found) == count:
            break
        way, brand = ways[len(found) % len(ways)], str(brands[int(rng.integers(len(brands)))])
        if way is _other_second and "|" in brand:
            continue  # its first word alone is the brand
        word = way(brand.split("|")[0], rng)
        if LIKE_AT_LEAST <= likeness(word, brands) <= most and word not in found:
            found.append(word)
    return found


def likeness(text: str, brands: Iterable[str]) -> float:
    """The greatest likeness (0..100) of a text to any spelling of any brand."""
    names = [plain(name) for brand in brands for name in brand.split("|")]
    return max((fuzz.ratio(plain(text), name) for name in names), default=0.0)


def _brand(head: str, turn: int, rng: np.random.Generator) -> str:
    word = head + str(rng.choice(_TAILS))
    if turn % 8 == 3:
        return f"{word[:6].rstrip('aeiou')}{rng.integers(2, 10)}"
    if turn % 5 in (1, 4):
        name = f"{word} {rng.choice(_TRADES)}"
        return f"{name}|{word}" if len(word) >= 6 and rng.random() < 0.6 else name
    if turn % 11 == 7:
        return f"{word[:6]} & {rng.choice(_HEADS)!s}er"
    return word.upper() if rng.random() < 0.55 else word


def _one_letter(name: str, rng: np.random.Generator) -> str:
    letters = [i for i, letter in enumerate(name) if letter.isalpha()][1:]
    return _changed(name, int(rng.choice(letters)), rng)


def _two_letters(name: str, rng: np.random.Generator) -> str:
    letters = [i for i, letter in enumerate(name) if letter.isalpha()][1:]
    first, second = rng.choice(letters, 2, replace=False)
    return _changed(_changed(name, int(first), rng), int(second), rng)


def _changed(name: str, at: int, rng: np.random.Generator) -> str:
    """With another letter at a place: one that looks unlike it, a vowel for a vowel."""
    old = name[at].lower()
    others = _UNLIKE.get(old) or _CONSONANTS.replace(old, "")
    new = str(rng.choice(list(others)))
    return name[:at] + (new.upper() if name[at].isupper() else new) + name[at + 1 :]


def _other_end(name: str, rng: np.random.Generator) -> str:
    word = name.split()[0]
    ending = str(rng.choice(_TAILS))
    kept = word[: max(3, len(word) // 2)]
    return kept + (ending.upper() if word.isupper() else ending)


def _longer(name: str, rng: np.random.Generator) -> str:
    word = name.split()[0]
    ending = str(rng.choice(["ville", "berg", "sen", "ton", "ia"]))
    return word + (ending.upper() if word.isupper() else ending)


def _other_second(name: str, rng: np.random.Generator) -> str:
    first, *rest = name.split()
    if not rest:
        return _two_letters(name, rng)
    return f"{first} {rng.choice(_OTHER_TRADES)}"
