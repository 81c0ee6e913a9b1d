"""What a Ray job of an executor runs: one call of an action, told line by line. Run as a program, in the plugin's
folder (which Ray brings there), with the call in STAGEWRIGHT_CALL."""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from flows.executors.job_lines import BAGGAGE, CALL, end_line, line_of, mark_of
from flows.executors.job_server import known_job_client
from flows.executors.job_stop import StopSignal
from flows.executors.sent import SentCall
from flows.executors.there import run_sent
from flows.places.baggage import Baggage
from flows.places.news import Notebook
from stages.core.context import Deferred
from stages.core.errors import JobStopped, StageFailed, StagewrightError


def main() -> int:
    """Run the call: 0 done, 1 it failed."""
    sent = SentCall.from_json(os.environ.pop(CALL))
    _take_baggage(os.environ.pop(BAGGAGE, None))
    mark, notebook, stop = mark_of(sent.job_id), Notebook(), StopSignal()
    telling = threading.Thread(target=_tell, args=(mark, notebook), daemon=True)
    telling.start()
    try:
        with stop:
            envelope = run_sent(sent, Path.cwd(), os.cpu_count() or 1, notebook, Deferred(known_job_client))
        end: dict[str, Any] = {"done": envelope.to_bytes().decode()}
    except BaseException as error:  # noqa: BLE001 - whatever it is, who waits is told of it
        own = _told(sent, error, stop)
        end = {"raised": {"kind": type(own).__name__, "message": own.message}}
    finally:
        notebook.end()
        telling.join()
    _print(end_line(mark, end))
    return 0 if "done" in end else 1


def _take_baggage(file: str | None) -> None:
    """The environment of who submitted the job, where that was on this machine."""
    if file is None:
        return
    told = json.loads(Path(file).read_text())
    Path(file).unlink()
    Baggage(told["environment"], tuple(told["path"])).enter()


def _told(sent: SentCall, error: BaseException, stop: StopSignal) -> StagewrightError:
    """The error that who waits is told of; the log has it with its place."""
    if stop.heard:  # whatever has become of it on its way through the action
        return JobStopped(f"Job {sent.job_id!r} was stopped.")
    traceback.print_exception(error.__cause__ or error)  # the action's own, where there is one
    if isinstance(error, StagewrightError):
        return error
    return StageFailed(f"Stage {sent.name!r} failed: {type(error).__name__}: {error}")


def _tell(mark: str, notebook: Notebook) -> None:
    for batch in notebook.read():
        _print(*(line_of(mark, news) for news in batch))


def _print(*lines: str) -> None:
    """Each on a line of its own, whatever the action has printed without an end of line."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
