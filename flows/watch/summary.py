"""What a look has seen, for people (a table, a sentence) and for programs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flows.watch.look import Sight
from flows.watch.note import Note

MOST_ROWS = 200  # of a table that a page has to show
_ORDER = ("refused", "failed", "crashed", "cancelled", "started", "again", "done")


def summary(sight: Sight) -> dict[str, Any]:
    """Counts of the objects that are there, and the errors of those that have one by their addresses."""
    states = Counter(note.state for note in sight.notes.values())
    troubled = [note for note in _ordered(sight) if note.error]
    return {
        "started": len(sight.started),
        "running": states["started"],
        "done": sight.done,
        "failed": sum(states[state] for state in ("failed", "crashed", "cancelled")),
        "refused": states["refused"],
        "waiting": sight.waiting,
        "ignored": sight.ignored,
        "errors": {note.uri: note.error for note in troubled[:MOST_ROWS]},
    }


def sentence(sight: Sight) -> str:
    """`2 started, 3 running, 1 failed`: what is not nothing."""
    told = summary(sight)
    return ", ".join(f"{count} {what}" for what, count in told.items() if what != "errors" and count) or "nothing there"


def rows(sight: Sight) -> list[dict[str, str]]:
    """A row for each object that is open or has just ended: those first that somebody should look at."""
    return [_row(note) for note in _ordered(sight)[:MOST_ROWS]]


def _ordered(sight: Sight) -> list[Note]:
    shown = {note.id: note for note in sight.ended if note.state == "done"} | sight.notes
    return sorted(shown.values(), key=lambda note: (_ORDER.index(note.state), note.seen, note.uri))


def _row(note: Note) -> dict[str, str]:
    return {
        "object": note.uri,
        "state": note.state,
        "job": note.job_id or "",
        "seen": note.seen[:19],
        "ended": (note.ended or "")[:19],
        "error": note.error or "",
    }
