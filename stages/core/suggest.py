"""The nearest name to one that was not found."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like this one, if any does."""
    by_folded = {str(k).casefold().replace("-", "_"): k for k in known}
    found = get_close_matches(str(name).casefold().replace("-", "_"), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the nearest one, and all there are."""
    names = sorted(known)
    listed = ", ".join(names) if names else "none"
    if (close := nearest(name, names)) is not None:
        return f"; did you mean {close!r}? There are: {listed}."
    return f". There are: {listed}."
