"""The brands to look for, as they are given in settings: a name, and after '|' its aliases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stages.brands.letters import letters

# \S, for \w is ASCII where editors check, and would refuse names in other scripts
NAMES: dict[str, Any] = {"items": {"type": "string", "pattern": r"\S"}}
"""What a form can tell of them: one that is blank is no name. `aliases_of` knows the rest, and says it in words."""


@dataclass(frozen=True)
class Alias:
    """One way to write a brand: its letters, and the brand's name."""

    letters: str
    brand: str


def aliases_of(brands: Sequence[str]) -> list[Alias]:
    """All aliases of all brands; a brand's name is its first alias.

    Raises ValueError for a name without letters, and for an alias that two brands share.
    """
    found: dict[str, Alias] = {}
    for given in brands:
        parts = [part.strip() for part in given.split("|")]
        for part in parts:
            reduced = letters(part)
            if not reduced:
                raise ValueError(f"brand {given!r}: {part!r} holds no letter or digit to look for")
            known = found.setdefault(reduced, Alias(reduced, parts[0]))
            if known.brand != parts[0]:
                raise ValueError(f"{part!r} stands for both {known.brand!r} and {parts[0]!r}; give it to one of them")
    return list(found.values())
