"""What the commands refuse before a service is asked: exit code 2, and no traceback."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from deployments import command
from flows.command import jobs, run
from flows.load import load_profile
from stages.core.blobs import BlobStore
from stages.core.errors import InputError, UsageError

LONG = "x" * 300


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("STAGEWRIGHT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("STAGEWRIGHT_HOME", str(tmp_path))
    monkeypatch.setattr(command, "_start", lambda *given: pytest.fail("a service was started"))


def ended(monkeypatch: pytest.MonkeyPatch, *args: str) -> int:
    monkeypatch.setattr(sys, "argv", ["stagewright", *args])
    with pytest.raises(SystemExit) as end:
        command.main()
    return int(end.value.code or 0)


@pytest.mark.parametrize("address", [LONG, f"folder/{LONG}", "a\0b"])
def test_an_input_that_can_be_no_file(address: str) -> None:
    with pytest.raises(InputError, match=r"is not there: no such file\. Check the path\.$"):
        run.parsed_inputs(load_profile("brand-exposure"), [f"video={address}"])


@pytest.mark.parametrize("depth", [41, 300, 900, 100_000])
@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a":', "}")])
def test_a_setting_that_is_nested_too_deeply(depth: int, left: str, right: str) -> None:
    value = left * depth + "1" + right * depth
    with pytest.raises(UsageError) as e:
        run.changed_profile("brand-exposure", [f"match_brands.brands={value}"])
    assert str(e.value) == "--set match_brands.brands: the value is nested more than 40 levels deep."


def test_a_setting_may_be_nested_as_deeply_as_in_a_profile() -> None:
    run.changed_profile("brand-exposure", ["match_brands.brands=" + "[" * 40 + "1" + "]" * 40])


def test_a_job_id_that_names_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "film.mp4").touch()
    given = ["run", "brand-exposure", "--input", f"video={tmp_path}/film.mp4", "--job-id", "../x"]
    assert ended(monkeypatch, *given) == 2
    assert capsys.readouterr().err.startswith("Error: The job id '../x' cannot be used: it must be letters, ")


def test_a_job_that_can_be_none_is_not_looked_for(blobs: BlobStore) -> None:
    with pytest.raises(UsageError, match=r"^The job id '\.\./x' cannot be used"):
        jobs._find(blobs.store, "../x")
