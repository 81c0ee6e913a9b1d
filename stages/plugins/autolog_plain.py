"""Settings and figures of libraries as JSON, short enough to be read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_LONGEST_TEXT = 200
_MOST_ITEMS = 50
_DEEPEST = 6


def as_plain(value: Any, depth: int = 0) -> Any:
    """The value where JSON has it, else the text by which Python shows it; what is long is cut. Never raises."""
    value = _item(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str) or depth == _DEEPEST:
        return _short(str(value) if isinstance(value, str) else _shown(value))
    if isinstance(value, Mapping):
        return {str(key): as_plain(part, depth + 1) for key, part in list(value.items())[:_MOST_ITEMS]}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_plain(part, depth + 1) for part in list(value)[:_MOST_ITEMS]]
    return _short(_shown(value))


def figure(value: Any) -> float | int | None:
    """The value as a number, where it is one: also of numpy and PyTorch, alone or as the only one of an array."""
    number = _item(value)
    return number if isinstance(number, (int, float)) and not isinstance(number, bool) else None


def _item(value: Any) -> Any:
    if isinstance(value, (bool, int, float, str)) or not hasattr(value, "item") or not hasattr(value, "shape"):
        return value
    try:
        return value.item()
    except (TypeError, ValueError, RuntimeError):  # several numbers; PyTorch says it by RuntimeError
        return value


def _shown(value: Any) -> str:
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"  # without an address, which differs from run to run
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 anybody's __repr__
        return type(value).__name__


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
