"""A job as it goes, on the terminal: a live table where there is one, plain lines in a pipe."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flows.command.output import say
from flows.jobs.board import Board, StageStatus, watching
from flows.marks import MARKS
from flows.units import figure, readable_bytes, readable_seconds

if TYPE_CHECKING:
    from rich.console import RenderableType


class Watch:
    """Remembers the board of the job that runs, for what is printed at its end."""

    board: Board | None = None


@contextmanager
def shown(quiet: bool) -> Iterator[Watch]:
    """Show every job that runs in this context; `quiet`: only remember it."""
    watch = Watch()

    def remember(board: Board, stage: StageStatus) -> None:
        watch.board = board

    with watching(remember):
        if quiet:
            yield watch
        elif sys.stderr is not None and sys.stderr.isatty():
            with _live(watch):
                yield watch
        else:
            with watching(_lines()):
                yield watch


def line(stage: StageStatus) -> str:
    """One stage as a line of text."""
    return f"{MARKS[stage.status].sign} {stage.id:<18} {stage.status:<8} {_told(stage)}".rstrip()


def _told(stage: StageStatus) -> str:
    """What is to be said of one that does not run: its time and figures, or its error."""
    if stage.status not in ("ran", "kept"):
        return stage.error or ""
    figures = dict.fromkeys(figure(name, value) for part in stage.summary.values() for name, value in part.items())
    spent = readable_seconds(stage.seconds) if stage.status == "ran" else ""  # what a kept one took is long ago
    parts = [spent, readable_bytes(stage.bytes), ", ".join(figures)]
    if stage.failed_items:
        parts.append(f"{stage.failed_items} failed items")
    return " · ".join(part for part in parts if part)


def _lines() -> Callable[[Board, StageStatus], None]:
    told: dict[str, str] = {}
    lock = threading.Lock()

    def listen(board: Board, stage: StageStatus) -> None:
        with lock:
            if told.get(stage.id) != stage.status:
                told[stage.id] = stage.status
                say(line(stage))

    return listen


@contextmanager
def _live(watch: Watch) -> Iterator[None]:
    from rich.console import Console
    from rich.live import Live

    lock = threading.Lock()
    with Live(console=Console(stderr=True), refresh_per_second=8, get_renderable=lambda: _drawn(watch, lock)):
        yield


def _drawn(watch: Watch, lock: threading.Lock) -> RenderableType:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    with lock:
        for stage in watch.board.stages.values() if watch.board else ():
            sign, style = MARKS[stage.status]
            if stage.status == "running":
                bar = ProgressBar(total=stage.total or None, completed=stage.current, width=24, pulse=not stage.total)
                share = f"{stage.current / stage.total:4.0%}" if stage.total else stage.category or ""
                spent = readable_seconds(time.monotonic() - stage.started) if stage.started else ""
                grid.add_row(Text(sign, style), Text(stage.id, style), bar, Text(f"{share} {spent}"))
            else:
                grid.add_row(Text(sign, style), Text(stage.id), Text(stage.status, style), Text(_told(stage)))
    return grid
