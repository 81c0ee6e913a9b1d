"""A run as it goes: a live table on a terminal, a live table in a notebook, plain lines in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from flows.marks import MARKS
from flows.pipelines.progress import ActionProgress, PipelineProgress

if TYPE_CHECKING:
    from rich.console import RenderableType

Shown = Callable[[PipelineProgress], None]


class TellsProgress(Protocol):
    """Who knows how far runs are."""

    def get_progress(self, run_id: str) -> PipelineProgress:
        """How far that run is."""


def show_progress(run_id: str, executor: TellsProgress, every: float = 1.0) -> PipelineProgress:
    """Show a run until it has ended, asking again every so many seconds; how it ended. A run that failed raises
    nothing here: `wait` does."""
    with _screen() as show:
        while True:
            progress = executor.get_progress(run_id)
            show(progress)
            if progress.ended:
                return progress
            time.sleep(every)


def as_text(progress: PipelineProgress) -> str:
    """A run in lines of text."""
    return "\n".join([_head(progress), *map(line, progress.actions)])


def line(action: ActionProgress) -> str:
    """One action as a line of text."""
    share = f"{action.share:4.0%}" if action.status in ("running", "failed", "cancelled") else ""
    told = action.error or (action.category if action.status == "running" else "") or ""
    return f"{MARKS[action.status].sign} {action.id:<18} {action.status:<9} {share} {told}".rstrip()


def drawn(progress: PipelineProgress) -> RenderableType:
    """A run as a table for a terminal."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    for action in progress.actions:
        sign, style = MARKS[action.status]
        bar = ProgressBar(total=1, completed=action.share, width=24)
        told = Text(action.error or action.category or "")
        share = Text(f"{action.share:4.0%}")
        grid.add_row(Text(sign, style), Text(action.id), bar, share, Text(action.status, style), told)
    whole = Table.grid()
    whole.add_row(Text(_head(progress), "bold"))
    whole.add_row(grid)
    return whole


def _head(progress: PipelineProgress) -> str:
    error = "" if any(action.error for action in progress.actions) else progress.error or ""
    return f"{progress.run_id}: {progress.state}, {progress.share:.0%} {error}".rstrip()


@contextmanager
def _screen() -> Iterator[Shown]:
    if (handle := _notebook()) is not None:
        yield handle.update
    elif sys.stderr is not None and sys.stderr.isatty():
        from rich.console import Console
        from rich.live import Live

        with Live(console=Console(stderr=True), auto_refresh=False) as live:
            yield lambda progress: live.update(drawn(progress), refresh=True)
    else:
        yield _lines()


def _notebook() -> Any:
    """A place in the notebook that this process is the kernel of, if it is one; it shows what has `_repr_html_`."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or not getattr(shell, "kernel", None):
        return None
    from IPython.display import display  # type: ignore[import-not-found]  # there where there is a kernel

    return display("", display_id=True)


def _lines() -> Shown:
    """A line for each action that has changed its status."""
    told: dict[str, str] = {}

    def show(progress: PipelineProgress) -> None:
        for action in progress.actions:
            if told.get(action.id, "waiting") != action.status:
                told[action.id] = action.status
                print(line(action), file=sys.stderr, flush=True)
        if progress.ended:
            print(_head(progress), file=sys.stderr, flush=True)

    return show
