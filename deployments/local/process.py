"""Processes that outlive the one that started them, known again by pid and time of creation."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

CLOCK_SLACK = 3  # seconds: the kernel tells creation times by the wall clock, which is corrected now and then
GRACE = 15  # seconds between asking a process to end and ending it; SeaweedFS takes 4
LOG_LIMIT = 20 * 1024 * 1024  # bytes

_started: list[subprocess.Popen[bytes]] = []  # kept, since a dropped Popen warns about a child that still runs


@dataclass(frozen=True)
class Process:
    """A process, for later: a pid alone may by then be somebody else's."""

    pid: int
    created: float


@dataclass(frozen=True)
class Command:
    """What to run, with which environment, where."""

    args: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


def launch(command: Command, log: Path) -> Process:
    """Start a process of its own session, which Ctrl-C here and the end of this process do not reach.

    What it prints goes to `log`; what the start before printed is kept beside it. Raises OSError.
    """
    if log.exists():
        log.replace(log.with_name(log.name + ".1"))
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        child = subprocess.Popen(  # noqa: S603 - no shell, and nothing in it comes from a profile
            list(command.args),
            env=dict(command.environment),
            cwd=command.folder,
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
        )
    finally:
        os.close(handle)
    _started.append(child)
    return Process(child.pid, psutil.Process(child.pid).create_time())


def find(process: Process | None) -> psutil.Process | None:
    """The process, if it still runs and is the one that was meant."""
    if process is None:
        return None
    try:
        found = psutil.Process(process.pid)
        same = abs(found.create_time() - process.created) <= CLOCK_SLACK
        return found if same and found.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def stop(processes: Sequence[Process], grace: float = GRACE) -> None:
    """End processes and their children: by SIGTERM, and after `grace` seconds by SIGKILL. Those gone are no error."""
    roots = [found for process in processes if (found := find(process))]
    family = [child for root in roots for child in _children(root)] + roots
    for root in roots:
        _signal(root, signal.SIGTERM)  # its children are its own to end
    _, left = psutil.wait_procs(family, timeout=grace)
    for process in left:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(left, timeout=5)


def end_session(process: Process, home: Path) -> None:
    """Kill what is left of the session that `launch` began, after its first process has ended or was killed.

    That process may have had no time to end those that it started. A session's number may by now be somebody else's;
    it is ours if one of its members works below `home`.
    """
    left = _session(process.pid)
    first = next((member for member in left if member.pid == process.pid), None)
    if (first and find(process) is None) or not any(_works_below(home, member) for member in left):
        return
    for member in left:
        _signal(member, signal.SIGKILL)
    psutil.wait_procs(left, timeout=5)


def _session(number: int) -> list[psutil.Process]:
    """Those that live in it."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == number and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (OSError, psutil.Error):  # it has ended, or we may not look at it
            continue
    return found


def _works_below(folder: Path, process: psutil.Process) -> bool:
    try:
        return Path(process.cwd()).is_relative_to(folder)
    except psutil.Error:
        return False


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def log_tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, indented; only the end of the file is read."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 16_384))
            text = file.read().decode(errors="replace")
    except OSError as error:
        return f"  ({error})"
    kept = [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join(f"  {line[:300]}" for line in kept) or "  (it printed nothing)"


def bound_log(log: Path) -> None:
    """Empty a log that has grown too long. The server appends, so it goes on at the new end."""
    try:
        if log.stat().st_size > LOG_LIMIT:
            os.truncate(log, 0)
    except OSError:
        return  # no log is no reason not to use the service
