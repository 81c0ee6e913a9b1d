"""How what became of a stage, an action or a batch's input is marked on a terminal: a sign and a colour of rich's."""

from __future__ import annotations

from typing import NamedTuple


class Mark(NamedTuple):
    """A sign of one character, and the style in which it is drawn."""

    sign: str
    style: str


MARKS = {
    "waiting": Mark("·", "dim"),
    "running": Mark("▸", "cyan"),
    "ran": Mark("✓", "green"),
    "done": Mark("✓", "green"),
    "kept": Mark("=", "blue"),
    "skipped": Mark("-", "dim"),
    "failed": Mark("✗", "bold red"),
    "cancelled": Mark("✗", "red"),
}
