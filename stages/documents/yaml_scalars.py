"""Scalars of YAML as version 1.2 and editors read them: with 1.1 a brand called ON or NO would be true or false."""

from __future__ import annotations

import math
import re
from typing import Any

_PLAIN = {
    "null": re.compile(r"~|null|Null|NULL|"),
    "bool": re.compile(r"true|True|TRUE|false|False|FALSE"),
    "int": re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    "float": re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"),
}
KINDS = {"str": "text", "null": "nothing", "bool": "true or false", "int": "a whole number", "float": "a number"}


def kind_of(plain: str) -> str:
    """What a word without quotes is: one of KINDS."""
    return next((kind for kind, pattern in _PLAIN.items() if pattern.fullmatch(plain)), "str")


def read_scalar(text: str, kind: str, word: str = "document") -> Any:
    """The value of a scalar. Raises ValueError that says so where a document, called by `word`, cannot hold it."""
    try:
        return _READ[kind](text)
    except (ValueError, KeyError):
        raise ValueError(f"{shown(text)} is nothing that a {word} can hold as {KINDS[kind]}") from None


def shown(value: Any) -> str:
    """A value as a message shows it: as YAML writes it, and short."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _integer(text: str) -> int:
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


def _number(text: str) -> float:
    number = float(text)  # refuses .inf and .nan by itself: the key of a checkpoint cannot hold them
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _text(text: str) -> str:
    text.encode()  # refuses half of a surrogate pair, which an escape can bring
    if "\0" in text:
        raise ValueError(text)
    return text


_READ: dict[str, Any] = {
    "str": _text,
    "null": lambda text: None,
    "bool": lambda text: {"true": True, "false": False}[text.lower()],
    "int": _integer,
    "float": _number,
}
