"""What the environment sets: what cannot be used is told by its variable."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from flows.settings import read_settings
from stages.core.errors import UsageError


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("STAGEWRIGHT_")]:
        monkeypatch.delenv(name)


def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process runs as a user whom the machine does not know, as in a container."""

    def unknown(number: int) -> pwd.struct_passwd:
        raise KeyError(number)

    monkeypatch.setenv("HOME", "")  # so that what is set in its place is forgotten
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody(monkeypatch)
    with pytest.raises(UsageError) as e:
        read_settings()
    assert str(e.value) == (
        "Settings that cannot be used:\n  STAGEWRIGHT_HOME: Value error, Could not determine home directory. "
        "Name a folder that you can write to (found PosixPath('~/.stagewright'))"
    )


def test_a_home_that_is_named_does_for_a_user_without_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nobody(monkeypatch)
    monkeypatch.setenv("STAGEWRIGHT_HOME", str(tmp_path))
    assert read_settings().home == tmp_path == Path.home()


@pytest.mark.parametrize("size", ["inf", "-inf", "nan", "1e300", "-1", "much"])
def test_a_size_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    monkeypatch.setenv("STAGEWRIGHT_CACHE_GB", size)
    with pytest.raises(UsageError, match=r"\n  STAGEWRIGHT_CACHE_GB: Input should be "):
        read_settings()
