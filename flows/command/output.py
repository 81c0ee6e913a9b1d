"""How commands speak: to people on a terminal or in a pipe, to programs by `--json`; and how they end."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from stages.core.errors import ServiceUnreachable, StagewrightError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}

_document: TextIO | None = None  # what standard output was before `document_alone`


@contextlib.contextmanager
def document_alone() -> Iterator[None]:
    """Keep standard output for `print_json`; what stages and their libraries print goes to standard error.

    Where standard output is the process's own, its file is exchanged too, since libraries in C know no `sys.stdout`.
    That stays so: what they hold back comes at the end of the process, after the document.
    """
    global _document
    _document = _own_output() or sys.stdout
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        _document = None


def _own_output() -> TextIO | None:
    try:
        if sys.stdout.fileno() != 1:
            return None
        kept = os.dup(1)
        os.dup2(2, 1)
    except OSError:  # an object in memory, which a test put there
        return None
    return open(kept, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors)


def _output() -> TextIO:
    return _document or sys.stdout


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    out = _output()
    json.dump(value, out, indent=1, ensure_ascii=False, default=str)
    out.write("\n")
    out.flush()


def say(message: str) -> None:
    """A line for people, on standard error, so that it never mixes with what a program reads."""
    with telling():
        print(message, file=sys.stderr, flush=True)


@contextlib.contextmanager
def telling() -> Iterator[None]:
    """Write to standard error; that nobody reads it any more must not end the work."""
    try:
        yield
    except OSError:
        _give_up(sys.stderr)


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
        code = run() or 0
        _output().flush()
        return code
    except StagewrightError as error:
        return refuse(error, as_json)
    except KeyboardInterrupt:
        say("Stopped. What had ended is kept; the same command goes on from there.")
        return 130
    except BrokenPipeError:  # whoever read has had enough, as in `stagewright jobs | head`
        _give_up(_output())
        return 0
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the last resort of the command line
        if isinstance(error.__context__, BrokenPipeError):  # rich makes an end of the process of it
            _give_up(_output())
            return 0
        return refuse(_translated(error), as_json)


def refuse(error: StagewrightError, as_json: bool, about: Mapping[str, Any] | None = None) -> int:
    """Say what went wrong; the exit code. Programs are told `about` what it was that failed, where it had begun."""
    if as_json:
        told: dict[str, Any] = {**(about or {}), "state": "failed"} if error.exit_code == 1 else {"state": "refused"}
        told["error"] = str(error)
        if faults := error.context.get("faults"):
            told["faults"] = [fault.to_json() for fault in faults]
        with contextlib.suppress(OSError):
            print_json(told)
    try:
        _output().flush()
    except OSError:
        _give_up(_output())
    say(f"Error: {error}")
    return error.exit_code


def _translated(error: BaseException) -> StagewrightError:
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        where = error.filename or "standard output, or to a file"
        return StagewrightError(f"Nothing can be written to {where}: {error.strerror}.")
    if _is_of_the_server(error):
        return ServiceUnreachable(
            f"The Prefect server does not answer as it should ({type(error).__name__}: {error}). "
            "What had ended is kept. `stagewright status` shows what can be reached."
        )
    kept = _keep_traceback(error)
    where = f" The traceback is in {kept}." if kept else ""
    told = f"{type(error).__name__}: {error}"
    if isinstance(error, SystemExit):
        return StagewrightError(f"A module that was used wanted to end the process ({told}).{where}")
    return StagewrightError(f"This is a fault of Stagewright itself: {told}.{where}")


def _is_of_the_server(error: BaseException) -> bool:
    """Whether it tells of the way to Prefect's server or of its state, and not of what was asked."""
    origins = {kind.__module__.split(".")[0] for kind in type(error).__mro__}
    if not origins & {"httpx", "httpcore"}:
        return "Failed to reach API" in str(error)
    answer = getattr(error, "response", None)
    return answer is None or answer.status_code not in (400, 409, 422)


def _give_up(stream: TextIO) -> None:
    """Let what it holds and will be given go nowhere; else Python complains at its exit."""
    with contextlib.suppress(OSError), open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def _keep_traceback(error: BaseException) -> Path | None:
    with contextlib.suppress(Exception):  # this is the last resort itself
        from flows.settings import read_settings

        path = read_settings().home / "logs" / f"error-{datetime.now(UTC):%Y%m%d-%H%M%S}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(traceback.format_exception(error)))
        return path
    return None
