"""The folder of the local services: who may read it, and that one process at a time changes it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from deployments.local.home import Home, write_private
from deployments.local.process import Process
from deployments.local.records import Record, read_record, write_record
from flows.connections import read_local
from flows.settings import Settings
from stages.core.errors import ServiceUnreachable, UsageError


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def test_folders_and_files_are_for_their_owner_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "a" / "home")
    home.prepare()
    write_private(home.root / "secret", "one")
    write_private(home.root / "secret", "two")
    folders = (home.root, home.store, home.prefect, home.ray, home.worker, home.logs)
    assert {mode(folder) for folder in folders} == {"0o700"}
    assert mode(home.root / "secret") == "0o600"
    assert (home.root / "secret").read_text() == "two"
    assert sorted(file.name for file in home.root.iterdir()) == ["logs", "prefect", "ray", "secret", "store", "worker"]


def test_a_home_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Home(tmp_path).prepare()
    assert mode(tmp_path) == "0o755"
    assert mode(tmp_path / "store") == "0o700"


def test_a_home_that_cannot_be_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError) as refused:
        Home(tmp_path / "file" / "home").prepare()
    assert str(refused.value).startswith(f"STAGEWRIGHT_HOME, {tmp_path}/file/home, cannot hold the local services: ")
    assert str(refused.value).endswith("Set STAGEWRIGHT_HOME to a folder that you can write to.")


def test_who_comes_second_waits_and_says_so(tmp_path: Path) -> None:
    home, inside, told = Home(tmp_path), threading.Event(), threading.Event()
    order: list[str] = []

    def first() -> None:
        with home.locked(order.append):
            inside.set()
            told.wait(10)
            order.append("first leaves")

    def say(line: str) -> None:
        order.append(line)
        told.set()

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(10)
    with home.locked(say):
        order.append("second enters")
    thread.join()
    waiting = "Another process is starting or stopping the local services; waiting for it…"
    assert order == [waiting, "first leaves", "second enters"]


def test_waiting_ends_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployments.local.home.PATIENCE", 0.1)
    home = Home(tmp_path)
    with home.locked(print), pytest.raises(ServiceUnreachable) as refused:
        home.locked(lambda line: None).__enter__()
    assert str(refused.value).startswith(f"Another process has held {tmp_path}/up.lock for more than 0.1 s. ")


def test_what_is_known_of_one_service_does_not_touch_the_other(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    write_record(settings, "store", Record(21000, Process(7, 1.5), {"endpoint": "http://127.0.0.1:21000"}))
    write_record(settings, "prefect", Record(22000, Process(8, 2.5)))
    assert read_record(settings, "store") == Record(21000, Process(7, 1.5), {"endpoint": "http://127.0.0.1:21000"})
    assert read_record(settings, "prefect") == Record(22000, Process(8, 2.5), None)
    assert read_local(settings) == {
        "processes": {
            "store": {"port": 21000, "pid": 7, "created": 1.5},
            "prefect": {"port": 22000, "pid": 8, "created": 2.5},
        },
        "store": {"endpoint": "http://127.0.0.1:21000"},
    }

    write_record(settings, "store", Record(21000))
    assert read_record(settings, "store") == Record(21000, None, None)
    assert "store" not in read_local(settings)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"processes": 3}', '{"processes": {"store": {}}}', '{"processes": {"store": 1}}']
)
def test_a_file_that_makes_no_sense_is_as_none(tmp_path: Path, content: str) -> None:
    settings = Settings(home=tmp_path)
    (tmp_path / "services.json").write_text(content)
    assert read_record(settings, "store") is None
    write_record(settings, "store", Record(21000))
    assert json.loads((tmp_path / "services.json").read_text())["processes"]["store"] == {"port": 21000}
