"""A reporter that tests can ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Listener:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    def progress(self, current: float, total: float, category: str | None) -> None:
        self.heard.append(("progress", current, total, category))

    def metrics(self, value: Mapping[str, Any], category: str) -> None:
        self.heard.append(("metrics", dict(value), category))

    def event(self, name: str, data: Mapping[str, Any], file: str | None) -> None:
        self.heard.append(("event", name, dict(data), file))
