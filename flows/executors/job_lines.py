"""What a Ray job tells beside what people print: lines of its log that begin with a mark of its own.

A job's log is all that comes back from one without a store or a Prefect server; it comes while the job runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from flows.places.news import Event, LogLine, Metrics, News, Progress, plain_value

CALL, BAGGAGE = "STAGEWRIGHT_CALL", "STAGEWRIGHT_BAGGAGE"
"""The variables by which a job is given its call, and the file with its submitter's environment."""

_KINDS: dict[str, type[News]] = {"log": LogLine, "progress": Progress, "metrics": Metrics, "event": Event}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def mark_of(job_id: str) -> str:
    """What begins the lines of a job."""
    return f"@stagewright:{job_id} "


def line_of(mark: str, news: News) -> str:
    """A piece of news as a line, in ASCII: other text may hold line ends of its own, or what a node cannot print."""
    return mark + json.dumps({_NAMES[type(news)]: asdict(news)}, default=plain_value)


def end_line(mark: str, end: dict[str, Any]) -> str:
    """The last one: {"done": the envelope's text} or {"raised": kind and message}."""
    return mark + json.dumps({"end": end})


def read_line(mark: str, line: str) -> News | dict[str, Any] | None:
    """News, or the end, that a line tells; None for a line that somebody printed."""
    at = line.find(mark)  # what was printed without an end of line stands before it
    if at < 0:
        return None
    try:
        ((kind, value),) = json.loads(line[at + len(mark) :]).items()
        return value if kind == "end" else _KINDS[kind](**value)
    except (ValueError, KeyError, TypeError):  # cut short, when the job was killed
        return None


def for_people(mark: str, lines: Iterable[str]) -> Iterator[str]:
    """The log as people read it: what was printed, and what was logged."""
    for line in lines:
        at = line.find(mark)
        if at < 0:
            yield line
            continue
        if line[:at]:
            yield line[:at]
        if isinstance(news := read_line(mark, line), LogLine):
            yield news.message
