"""Processes that are started to outlive their starter, and known again later."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from deployments.local.process import Command, Process, bound_log, end_session, find, launch, log_tail, stop

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)
PARENT = (
    "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
    "print(child.pid, flush=True); time.sleep(600)"
)


def run(code: str, log: Path) -> Process:
    """Launch Python on `code` and wait until it printed its first line."""
    process = launch(Command([sys.executable, "-c", code], os.environ, log.parent), log)
    while "\n" not in log.read_text():
        assert find(process), log.read_text()
        time.sleep(0.01)
    return process


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "service.log"


def test_it_is_found_by_pid_and_time_of_creation(log: Path) -> None:
    process = run("import time; print('up', flush=True); time.sleep(600)", log)
    found = find(process)
    assert found is not None
    assert found.pid == process.pid
    assert os.getsid(process.pid) == process.pid
    assert find(replace(process, created=process.created - 60)) is None  # the pid is somebody else's
    stop([process])
    assert find(process) is None
    assert find(None) is None


def test_one_that_ended_and_was_not_waited_for_is_not_running(log: Path) -> None:
    process = launch(Command([sys.executable, "-c", "raise SystemExit('no')"], os.environ, log.parent), log)
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert find(process) is None
    assert log_tail(log) == "  no"


def test_one_that_ignores_the_request_is_ended(log: Path) -> None:
    process = run(STUBBORN, log)
    stop([process], grace=0.2)
    assert find(process) is None


def test_its_children_end_with_it(log: Path) -> None:
    process = run(PARENT, log)
    child = int(log.read_text())
    stop([process], grace=0.2)
    assert find(process) is None
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_what_a_killed_one_left_behind_is_ended(log: Path) -> None:
    process = run(PARENT, log)
    child = psutil.Process(int(log.read_text()))
    psutil.Process(process.pid).kill()
    while find(process):
        time.sleep(0.01)
    end_session(process, log.parent / "another home")
    assert child.is_running()
    end_session(process, log.parent)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_session_that_is_somebody_elses_by_now_is_left_alone(log: Path) -> None:
    process = run(PARENT, log)
    end_session(replace(process, created=process.created - 60), log.parent)
    assert find(process) is not None
    stop([process], grace=0.2)


def test_stopping_what_is_gone_or_somebody_elses_does_nothing(log: Path) -> None:
    us = Process(os.getpid(), psutil.Process().create_time() - 60)
    stop([us])
    assert find(replace(us, created=us.created + 60)) is not None


def test_a_log_begins_anew_and_the_one_before_is_kept(log: Path) -> None:
    stop([run("print('first')\nimport time; time.sleep(600)".replace(")\n", ", flush=True)\n", 1), log)])
    stop([run("print('second', flush=True)\nimport time; time.sleep(600)", log)])
    assert log.read_text() == "second\n"
    assert log.with_name("service.log.1").read_text() == "first\n"
    assert oct(log.stat().st_mode & 0o777) == "0o600"


def test_the_tail_of_a_log_is_short_and_indented(log: Path) -> None:
    log.write_text("\n".join(f"line {number}" for number in range(5000)) + "\n\n")
    assert log_tail(log, lines=2) == "  line 4998\n  line 4999"
    log.write_text("x" * 1000)
    assert log_tail(log) == "  " + "x" * 300
    log.write_text("")
    assert log_tail(log) == "  (it printed nothing)"
    assert "No such file" in log_tail(log.with_name("none.log"))


def test_a_log_that_grew_too_long_is_emptied_under_its_writer(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = log.open("ab", buffering=0)
    writer.write(b"x" * 100)
    bound_log(log)
    assert log.stat().st_size == 100
    monkeypatch.setattr("deployments.local.process.LOG_LIMIT", 50)
    bound_log(log)
    writer.write(b"goes on\n")
    writer.close()
    assert log.read_text() == "goes on\n"
    bound_log(log.with_name("none.log"))
