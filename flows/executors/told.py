"""What a call tells while it runs: kept for who asks later, and passed on to who listens."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.places.news import plain
from stages.core.context import Reporter, Silence


@dataclass
class Told:
    """Progress, metrics, events and log lines of a call, the same whatever executor it was given to.

    progress  category (None where there is none) -> (current, total), the last of each
    metrics   category -> figures
    log       (level, line), in order
    """

    progress: dict[str | None, tuple[float, float]] = field(default_factory=dict)
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[tuple[int, str]] = field(default_factory=list)


class Listening:
    """A Reporter, and with `logger` a place for log lines: what it hears is kept in `told` and passed on."""

    def __init__(self, name: str, to: Reporter | None = None) -> None:
        self.told = Told()
        self._to: Reporter = to or Silence()
        self.logger = _logger(name, self.told)

    def progress(self, current: float, total: float, category: str | None) -> None:
        """See Reporter."""
        self.told.progress[category] = (current, total)
        self._to.progress(current, total, category)

    def metrics(self, value: Mapping[str, Any], category: str) -> None:
        """See Reporter."""
        self.told.metrics.setdefault(category, {}).update(value := plain(value))
        self._to.metrics(value, category)

    def event(self, name: str, data: Mapping[str, Any], file: str | None) -> None:
        """See Reporter."""
        self._to.event(name, plain(data), file)


class _Keeping(logging.Handler):
    def __init__(self, told: Told) -> None:
        super().__init__()
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        self._told.log.append((record.levelno, record.getMessage()))


def _logger(name: str, told: Told) -> logging.Logger:
    """One of its own, below that of the process: two calls of one action do not hear each other."""
    logger = logging.Logger(f"stagewright.{name}", logging.DEBUG)
    logger.parent = logging.getLogger("stagewright")
    logger.addHandler(_Keeping(told))
    return logger
