"""A batch as it goes, on the terminal: how far it is and what runs, or a line for each input that has ended."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flows.batch.following import following
from flows.batch.item import Batch, Item, sentence
from flows.command.output import say
from flows.jobs.board import Board, StageStatus, watching
from flows.marks import MARKS
from flows.units import readable_seconds

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


class Watch:
    """Remembers the batch that runs, and which stages of its jobs do."""

    def __init__(self) -> None:
        self.batch: Batch | None = None
        self.began = time.monotonic()
        self.ended = 0
        self.running: dict[str, Item] = {}
        self.stages: dict[str, str] = {}
        self.lock = threading.Lock()

    def hear(self, batch: Batch, item: Item | None) -> bool:
        """Whether the item has ended by this."""
        with self.lock:
            self.batch = batch
            if item is None or item.state == "running":
                self.running |= {item.job_id: item} if item else {}
                return False
            self.running.pop(item.job_id, None)
            self.stages.pop(item.job_id, None)
            self.ended += item.ended
            return item.ended

    def hear_stage(self, board: Board, stage: StageStatus) -> None:
        """Remember which stage of its job was last heard of."""
        with self.lock:
            if stage.status == "running":
                share = f" {stage.current / stage.total:.0%}" if stage.total else ""
                self.stages[board.job_id] = f"{stage.id}{share}"


@contextmanager
def shown(quiet: bool) -> Iterator[Watch]:
    """Show the batch that runs in this context; `quiet`: only remember it."""
    watch = Watch()
    if not quiet and sys.stderr is not None and sys.stderr.isatty():
        with _live(watch):
            yield watch
        return

    def hear(batch: Batch, item: Item | None) -> None:
        if watch.hear(batch, item) and item and not quiet:
            say(line(item))

    with following(hear):
        yield watch


def line(item: Item) -> str:
    """An input that has ended, as a line of text."""
    told = f"{MARKS[item.state].sign} {item.state:<7} {readable_seconds(item.seconds):<9} {item.input}"
    return f"{told}\n  {item.error}" if item.error else told


@contextmanager
def _live(watch: Watch) -> Iterator[None]:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True)

    def hear(batch: Batch, item: Item | None) -> None:
        if watch.hear(batch, item) and item:
            console.print(Text(line(item), MARKS[item.state].style if item.error else ""))

    with (
        Live(console=console, refresh_per_second=8, get_renderable=lambda: _drawn(watch, console), transient=True),
        following(hear),
        watching(watch.hear_stage),
    ):
        yield


def _drawn(watch: Watch, console: Console) -> RenderableType:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    with watch.lock:
        if watch.batch is None:
            return Text("")
        running = [(item.input.rpartition("/")[2], watch.stages.get(id, "")) for id, item in watch.running.items()]
        total, ended = len(watch.batch.items), sum(item.ended for item in watch.batch.items)
        told = sentence(watch.batch)
    grid = Table.grid(padding=(0, 1))
    grid.add_row(ProgressBar(total=total or None, completed=ended, width=24), Text(told), Text(_left(watch, total)))
    rows = [Text(f"▸ {name}  {stage}", "cyan", no_wrap=True, overflow="ellipsis") for name, stage in running]
    return Group(grid, *rows[: max(1, console.height - 4)])


def _left(watch: Watch, total: int) -> str:
    """How long the rest takes, when it goes on as it went."""
    spent, left = time.monotonic() - watch.began, total - watch.ended
    return f"about {readable_seconds(spent / watch.ended * left)} left" if watch.ended and left > 0 else ""
