"""What a stage says while it runs in another process: gathered there, passed on in one go, heard by the job's own."""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stages.core.context import Reporter

GATHER_S = 0.1
"""What is said within so long goes together; each passing costs a millisecond on both sides."""


@dataclass(frozen=True)
class LogLine:
    """A line of the log."""

    level: int
    message: str


@dataclass(frozen=True)
class Progress:
    """How far the stage is. Of several of one category only the last is worth passing on."""

    current: float
    total: float
    category: str | None


@dataclass(frozen=True)
class Metrics:
    """Figures of the run."""

    value: Mapping[str, Any]
    category: str


@dataclass(frozen=True)
class Event:
    """What happened, in words that a program reads; `file` is the path that was told, on the machine where it lies."""

    name: str
    data: Mapping[str, Any]
    file: str | None


News = LogLine | Progress | Metrics | Event
_END = object()


class Notebook(logging.Handler):
    """Where a stage's words are gathered: its reporter, and a handler of its logger. Read in another thread."""

    def __init__(self) -> None:
        super().__init__()
        self._said: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._ended = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler. What cannot be put into words is told as such; a log line stops no stage."""
        try:
            self.add(LogLine(record.levelno, self.format(record)))
        except Exception:  # noqa: BLE001 - as logging itself does it
            self.handleError(record)

    def progress(self, current: float, total: float, category: str | None) -> None:
        """See Reporter."""
        self.add(Progress(current, total, category))

    def metrics(self, value: Mapping[str, Any], category: str) -> None:
        """See Reporter."""
        self.add(Metrics(plain(value), category))

    def event(self, name: str, data: Mapping[str, Any], file: str | None) -> None:
        """See Reporter. The line of the log that belongs to it is the context's own."""
        self.add(Event(name, plain(data), file))

    def add(self, news: News) -> None:
        """Note it."""
        self._said.put(news)

    def end(self) -> None:
        """Nothing more will be said."""
        self._ended.set()
        self._said.put(_END)

    def read(self) -> Iterator[list[News]]:
        """What was said, in batches, until the end."""
        ended = False
        while not ended:
            said = [self._said.get()]
            self._ended.wait(GATHER_S)
            while not self._said.empty():
                said.append(self._said.get())
            ended = _END in said
            if batch := _worth_passing([news for news in said if news is not _END]):
                yield batch


def hear(batch: list[News], logger: logging.Logger | logging.LoggerAdapter[Any], reporter: Reporter) -> None:
    """Say here what was said there."""
    for news in batch:
        match news:
            case LogLine(level, message):
                logger.log(level, "%s", message)
            case Progress(current, total, category):
                reporter.progress(current, total, category)
            case Metrics(value, category):
                reporter.metrics(value, category)
            case Event(name, data, file):
                reporter.event(name, data, file)


def plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """What is said, as JSON has it: the same wherever it is heard, whatever it went through. A number of numpy is a
    number; what is no JSON is the text that a log would show. It is never too odd to be told: that ends no stage."""
    try:
        made: dict[str, Any] = json.loads(json.dumps(dict(data), default=plain_value))
    except (TypeError, ValueError, RecursionError):  # keys that JSON does not have, or a circle
        return {str(key): str(value) for key, value in data.items()}
    return made


def plain_value(value: Any) -> Any:
    """What JSON does not have, as `json.dumps` asks for it (`default`)."""
    if isinstance(value, Mapping):
        return dict(value)
    return value.item() if getattr(value, "shape", None) == () else str(value)


def _worth_passing(said: list[News]) -> list[News]:
    last = {news.category: place for place, news in enumerate(said) if isinstance(news, Progress)}
    return [news for place, news in enumerate(said) if not isinstance(news, Progress) or place == last[news.category]]
