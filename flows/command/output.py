"""How commands speak: to people on a terminal or in a pipe, to programs by `--json`; and how they end."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stages.core.errors import ServiceUnreachable, StagewrightError


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    json.dump(value, sys.stdout, indent=1, ensure_ascii=False, default=str)
    sys.stdout.write("\n")


def say(message: str) -> None:
    """A line for people, on standard error, so that it never mixes with what a program reads."""
    with contextlib.suppress(OSError):  # that nobody reads any more must not end the work
        print(message, file=sys.stderr, flush=True)


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "") -> None:
    """A table on a terminal; the same cells separated by tabs in a pipe."""
    rows = [[str(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        print("\n".join("\t".join(row) for row in rows))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*headings, title=title or None, title_justify="left", box=None, header_style="bold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)


def guarded(run: Callable[[], int | None], as_json: bool) -> int:
    """Run a command; its exit code. Every error becomes a message, never a traceback."""
    try:
        return run() or 0
    except StagewrightError as error:
        return refuse(error, as_json)
    except KeyboardInterrupt:
        say("Stopped. What had ended is kept; the same command goes on from there.")
        return 130
    except BrokenPipeError:  # whoever read has had enough, as in `stagewright jobs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains at its exit
        return 0
    except Exception as error:  # noqa: BLE001 - the last resort of the command line
        return refuse(_translated(error), as_json)


def refuse(error: StagewrightError, as_json: bool) -> int:
    """Say what went wrong; the exit code."""
    if as_json:
        refused: dict[str, Any] = {"state": "refused", "error": str(error)}
        if faults := error.context.get("faults"):
            refused["faults"] = [fault.to_json() for fault in faults]
        print_json(refused)
    say(f"Error: {error}")
    return error.exit_code


def _translated(error: Exception) -> StagewrightError:
    module = type(error).__module__.split(".")[0]
    if module in ("httpx", "httpcore", "prefect") or "Failed to reach API" in str(error):
        return ServiceUnreachable(
            f"The Prefect server does not answer as it should ({type(error).__name__}: {error}). "
            "What had ended is kept. `stagewright status` shows what can be reached."
        )
    kept = _keep_traceback(error)
    where = f" The traceback is in {kept}." if kept else ""
    return StagewrightError(f"This is a fault of Stagewright itself: {type(error).__name__}: {error}.{where}")


def _keep_traceback(error: Exception) -> Path | None:
    try:
        from flows.settings import read_settings

        path = read_settings().home / "logs" / f"error-{datetime.now(UTC):%Y%m%d-%H%M%S}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(traceback.format_exception(error)))
    except (OSError, StagewrightError):
        return None
    return path
