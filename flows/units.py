"""Figures as people read them."""

from __future__ import annotations

from typing import Any


def readable_bytes(size: float) -> str:
    """`14.2 MB`; nothing for nothing."""
    if not size:
        return ""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def readable_seconds(seconds: float) -> str:
    """`0.3 s`, `42 s`, `3 min 05 s`, `2 h 07 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def figure(name: str, value: Any) -> str:
    """A figure of a summary: `128 frames`, but `size 1280x720`."""
    return f"{value} {name}" if isinstance(value, (int, float)) else f"{name} {value}"
