"""The process that runs a pipeline: started, known again by its pid, and what it left where it did not get far.

It has a session of its own: neither Ctrl-C here nor the end of this process reaches it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from flows.pipelines.ordered import Ordered
from flows.settings import Settings
from stages.core import errors
from stages.core.errors import StageFailed, StagewrightError

_LOG_END = 2000  # characters

_children: list[subprocess.Popen[bytes]] = []  # kept, since a dropped Popen warns about a child that still runs


def start(ordered: Ordered, settings: Settings, environment: Mapping[str, str]) -> None:
    """Start the process of a run; at once, whatever becomes of it."""
    folder = _folder(settings, ordered.run_id)
    folder.mkdir(parents=True, mode=0o700)
    order = folder / "order.json"
    order.write_bytes(ordered.to_bytes())
    with (folder / "run.log").open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - no shell, and nothing in it comes from a profile
            [sys.executable, "-P", "-m", "flows.pipelines.process", str(order)],
            env={**environment, "PYTHONPATH": _path()},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children.append(child)
    told = {"pid": child.pid, "created": psutil.Process(child.pid).create_time()}
    (folder / "process.json").write_text(json.dumps(told))


def has_ended(settings: Settings, run_id: str) -> bool:
    """Whether the run's process was started on this machine and is gone. False for runs of other machines."""
    try:
        told = json.loads((_folder(settings, run_id) / "process.json").read_text())
    except (OSError, ValueError):
        return False
    try:
        process = psutil.Process(told["pid"])
        same = abs(process.create_time() - told["created"]) < 1
        return not same or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def note_error(order: Path, error: BaseException) -> None:
    """Leave word of why the process ends, for a run that Prefect may know nothing of."""
    told = {"kind": type(error).__name__, "message": str(error)}
    order.with_name("error.json").write_text(json.dumps(told))


def noted_error(settings: Settings, run_id: str) -> StagewrightError | None:
    """Why a process of this machine ended, where it left word."""
    try:
        told = json.loads((_folder(settings, run_id) / "error.json").read_text())
        return error_of(told["kind"], told["message"])
    except (OSError, ValueError):
        return None


def log_end(settings: Settings, run_id: str) -> str:
    """The last that the process printed, where it ran on this machine."""
    try:
        return (_folder(settings, run_id) / "run.log").read_text(errors="replace")[-_LOG_END:].strip()
    except OSError:
        return ""


def error_of(kind: str, message: str) -> StagewrightError:
    """An error of the kind that has that name; a StageFailed where it was none of ours."""
    found: Any = getattr(errors, kind, None)
    if isinstance(found, type) and issubclass(found, StagewrightError):
        return found(message)
    return StageFailed(f"{kind}: {message}")


def _folder(settings: Settings, run_id: str) -> Path:
    return settings.home / "pipelines" / run_id


def _path() -> str:
    """Where this process finds modules, those of Python and of installed packages left out: they are found anyway."""
    own = {os.path.realpath(place) for place in sysconfig.get_paths().values()}
    folders = [os.path.abspath(part) for part in sys.path if os.path.isdir(part or ".")]
    return os.pathsep.join(
        dict.fromkeys(
            folder
            for folder in folders
            if os.path.realpath(folder) not in own and os.path.basename(folder) != "lib-dynload"
        )
    )
