"""What the environment sets: what cannot be used is told by its variable, and a secret is told to nobody."""

from __future__ import annotations

import logging
import os
import pickle
import pwd
from pathlib import Path

import pytest

from flows.settings import SECRETS, read_settings, variable, without_password
from stages.core.errors import UsageError


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("STAGEWRIGHT_")]:
        monkeypatch.delenv(name)


def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process runs as a user whom the machine does not know, as in a container."""

    def unknown(number: int) -> pwd.struct_passwd:
        raise KeyError(number)

    monkeypatch.delenv("HOME", raising=False)
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


def test_a_variable_that_is_empty_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STAGEWRIGHT_HOME", "STAGEWRIGHT_WORKERS", "STAGEWRIGHT_VISION_KEY", "STAGEWRIGHT_PROFILES"):
        monkeypatch.setenv(name, "")
    settings = read_settings()
    assert settings.home == Path("~/.stagewright").expanduser().resolve()
    assert (settings.workers, settings.vision_key, settings.profiles) == (0, None, [])


def test_an_endpoint_that_is_no_address_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEWRIGHT_S3_ENDPOINT", "ftp://me:word@store:9000")
    with pytest.raises(UsageError) as e:
        read_settings()
    assert str(e.value).endswith(
        "STAGEWRIGHT_S3_ENDPOINT: Value error, An endpoint is http://host:port or https://host "
        "(found 'ftp://store:9000')"
    )


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://me:w@rd@host:1/api?x=1", "http://host:1/api?x=1"),
        ("https://me:word@host/api", "https://host/api"),
        ("http://[me:word@host", "host"),
        ("AWS", "AWS"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, told: str) -> None:
    assert without_password(url) == told


SECRET = "sk-of-the-test-4f1d9c"


class TestSecrets:
    def test_are_the_keys(self) -> None:
        assert [variable(field) for field in SECRETS] == [
            "STAGEWRIGHT_S3_ACCESS_KEY",
            "STAGEWRIGHT_S3_SECRET_KEY",
            "STAGEWRIGHT_VISION_KEY",
        ]

    @pytest.mark.parametrize("field", SECRETS)
    def test_show_themselves_nowhere(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, field: str
    ) -> None:
        monkeypatch.setenv(variable(field), f" {SECRET}\n")
        settings = read_settings()
        assert getattr(settings, field).get_secret_value() == SECRET
        with caplog.at_level(logging.DEBUG):
            logging.getLogger("test").info("%s %r", settings, settings)
        for text in (
            repr(settings),
            str(settings),
            settings.model_dump_json(),
            str(settings.model_dump()),
            caplog.text,
        ):
            assert SECRET not in text
        assert pickle.loads(pickle.dumps(settings)) == settings

    @pytest.mark.parametrize("field", SECRETS)
    @pytest.mark.parametrize("wrong", [f"{SECRET} and more", f"{SECRET}\n2", f"{SECRET}ü"])
    def test_that_can_be_none_are_told_without_being_shown(
        self, monkeypatch: pytest.MonkeyPatch, field: str, wrong: str
    ) -> None:
        monkeypatch.setenv(variable(field), wrong)
        with pytest.raises(UsageError) as e:
            read_settings()
        fault = f"{variable(field)}: Value error, There are characters in it that no key has"
        assert str(e.value) == f"Settings that cannot be used:\n  {fault}"
        assert SECRET not in repr(e.value)
        assert e.value.__context__ is None or SECRET not in str(e.value.__context__)
