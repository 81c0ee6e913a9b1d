"""How commands end: what stands on standard output, what is told of errors, and what a broken output does."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import httpx
import prefect.exceptions
import pytest

from flows.command.live import shown
from flows.command.output import document_alone, guarded, print_json

COMMAND = str(Path(sys.executable).parent / "stagewright")

LOUD = """
import os, sys
print("printed when imported")
os.system("echo by another process")
os.write(1, b"by a library in C\\n")
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("STAGEWRIGHT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("STAGEWRIGHT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A line of the shell, in which $S is the command."""
    every = {**os.environ, **environment, "S": COMMAND}
    return subprocess.run(line, shell=True, capture_output=True, text=True, env=every, timeout=60)


class TestDocument:
    @pytest.mark.parametrize("command", ["stages --json", "schema"])
    def test_nothing_else_stands_on_standard_output(self, tmp_path: Path, command: str) -> None:
        (tmp_path / "loud.py").write_text(LOUD)
        done = shell(f"$S {command}", PYTHONPATH=str(tmp_path), STAGEWRIGHT_STAGE_MODULES="loud")
        assert json.loads(done.stdout)
        for said in ("printed when imported", "by another process", "by a library in C"):
            assert said in done.stderr

    def test_in_a_process_whose_output_is_an_object(self) -> None:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            with document_alone():
                print("noise")
                print_json({"a": 1})
            print("after")
        assert (out.getvalue(), err.getvalue()) == ('{\n "a": 1\n}\nafter\n', "noise\n")


class TestBrokenOutput:
    @pytest.mark.parametrize("command", ["stages", "schema", "status --json", "--help"])
    def test_a_full_disk_is_told(self, command: str) -> None:
        for unbuffered in ("", "1"):
            done = shell(f"$S {command} > /dev/full", PYTHONUNBUFFERED=unbuffered)
            told = "Nothing can be written to standard output, or to a file: No space left on device."
            assert (done.stderr, done.returncode) == (f"Error: {told}\n", 1)

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ("$S stages >&-", 0),
            ("$S stages --json >&-", 0),
            ("$S stages 2>&-", 0),
            ("$S stages --json 2>&-", 0),
            ("$S down <&- >&- 2>&-", 0),
            ("$S stage nowhere >&- 2>&-", 2),
            ("$S stage nowhere 2>/dev/full", 2),
            ("$S stage nowhere --json >/dev/full 2>/dev/full", 2),
            ("$S nonsense 2>/dev/full", 2),
        ],
    )
    def test_closed_or_full_files_change_no_exit_code(self, line: str, code: int) -> None:
        done = shell(line, PYTHONUNBUFFERED="")
        assert (done.returncode, "Traceback" in done.stderr + done.stdout) == (code, False)
        if "stages --json 2>&-" in line:
            assert json.loads(done.stdout)

    @pytest.mark.parametrize("command", ["schema", "run --help"])
    def test_who_has_read_enough_ends_it_in_silence(self, command: str) -> None:
        done = shell(f"{{ $S {command}; echo $? >&2; }} | head -c 1", PYTHONUNBUFFERED="1")
        assert done.stderr == "0\n"

    def test_there_may_be_no_standard_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stderr", None)
        with shown(quiet=False) as watch:
            assert watch.board is None


def answered(code: int) -> Exception:
    request = httpx.Request("POST", "http://127.0.0.1:1/api/flows/")
    problem = httpx.HTTPStatusError("answered", request=request, response=httpx.Response(code, request=request))
    return prefect.exceptions.PrefectHTTPStatusError.from_httpx_error(problem)


class TestErrors:
    @pytest.mark.parametrize(
        "error",
        [
            httpx.ConnectError("refused"),
            httpx.ReadTimeout("late"),
            RuntimeError("Failed to reach API at http://127.0.0.1:1/api"),
            answered(503),
            answered(401),
            answered(404),
        ],
        ids=repr,
    )
    def test_a_server_out_of_reach_ends_with_3(self, error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
        assert guarded(lambda: fail(error), False) == 3
        assert "The Prefect server does not answer as it should" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "error",
        [prefect.exceptions.ParameterTypeError("job_id"), prefect.exceptions.MissingResult("gone"), answered(422)],
        ids=repr,
    )
    def test_another_error_of_prefect_is_no_outage(
        self, error: Exception, home: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert guarded(lambda: fail(error), False) == 1
        told = capsys.readouterr().err
        assert told.startswith(f"Error: This is a fault of Stagewright itself: {type(error).__name__}: {error}.")
        [kept] = (home / "logs").iterdir()
        assert str(kept) in told
        assert f"{type(error).__name__}: {error}" in kept.read_text()

    @pytest.mark.parametrize("status", [0, 3, "bye"])
    def test_who_leaves_the_process_has_failed(self, status: int | str, capsys: pytest.CaptureFixture[str]) -> None:
        assert guarded(lambda: sys.exit(status), True) == 1
        out, err = capsys.readouterr()
        assert json.loads(out)["state"] == "failed"
        assert err.startswith(f"Error: A module that was used wanted to end the process (SystemExit: {status})")

    def test_a_traceback_that_cannot_be_kept_hides_no_error(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("flows.settings.read_settings", lambda: fail(RuntimeError("no home")))
        assert guarded(lambda: fail(KeyError("x")), False) == 1
        assert capsys.readouterr().err == "Error: This is a fault of Stagewright itself: KeyError: 'x'.\n"


def fail(error: Exception) -> int:
    raise error
