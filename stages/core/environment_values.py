"""How a plugin's settings from outside are read, and what of them may be shown: None stands for "no such thing"."""

from __future__ import annotations

import math
import re
from datetime import date, time
from typing import Any

BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
WHOLE = re.compile(r"[+-]?[0-9]{1,4000}")  # Python refuses to read longer ones
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

SECRET_KEY = re.compile(r"key|token|secret|passw|pwd|passphrase|credential|auth|private|signature|cookie|dsn", re.I)
SECRET_VALUE = re.compile(r"://[^/\s]*@|-----BEGIN|(?=\S*\d)(?=\S*[A-Za-z])[\w+/=.~-]{16,}")
LONGEST_SHOWN = 40


def text(value: Any) -> str | None:
    """Text as it is; what else a line of TOML can hold, as it would stand there."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float | date | time) else None


def whole(value: Any) -> int | None:
    """A whole number, or text that is one; never a boolean."""
    if isinstance(value, str):
        return int(value) if WHOLE.fullmatch(value := value.strip()) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: Any) -> float | None:
    """A finite number, or text that is one; never a boolean."""
    if isinstance(value, str):
        read = float(value) if NUMBER.fullmatch(value := value.strip()) else math.nan
    elif isinstance(value, int | float) and not isinstance(value, bool):
        read = _as_float(value)
    else:
        return None
    return read if math.isfinite(read) else None


def boolean(value: Any) -> bool | None:
    """A boolean, 1 or 0, or a word for one."""
    if isinstance(value, str):
        return BOOLEANS.get(value.strip().lower())
    return bool(value) if isinstance(value, int) and value in (0, 1) else None


def listed(value: Any) -> list[Any] | None:
    """A list or tuple as a list; of text what stands between its commas."""
    if isinstance(value, str):
        return [item for part in value.split(",") if (item := part.strip())]
    return list(value) if isinstance(value, list | tuple) else None


def shown(key: str, value: Any) -> str:
    """What was found, for a message: the value if it is short and, by its key and its look, no secret."""
    written = repr(value)
    if SECRET_KEY.search(key) or SECRET_VALUE.search(written):
        return "a value that is not shown, as it may be a secret"
    if len(written) > LONGEST_SHOWN or isinstance(value, dict | list):
        size = f"{len(value)} letters" if isinstance(value, str) else type(value).__name__
        return f"a value that is not shown ({size})"
    return written


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number beyond all floats
        return math.inf
