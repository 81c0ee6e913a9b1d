"""What can befall the local store between two starts, each in a home of its own. The Prefect server is named outside,
so that only the store starts (about a second)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from deployments.local import down, status, up
from deployments.local.home import Home
from deployments.local.process import find
from deployments.local.records import Record, write_record
from deployments.local.seaweedfs import SeaweedFS
from flows.settings import Settings
from stages.core.errors import ServiceUnreachable
from stages.core.objects import ObjectStore
from tests.integration.waiting import hears_ctrl_c, until

pytestmark = pytest.mark.integration

OUTSIDE = "http://127.0.0.1:9/api"


@pytest.fixture
def settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("PREFECT_API_URL", OUTSIDE)
    root = Path(tempfile.mkdtemp(prefix="stagewright-"))
    own = Settings(home=root / "home")
    yield own
    for pid in stores_of(own):
        os.kill(pid, signal.SIGKILL)  # nothing in it is wanted, and an orderly end takes 3 s
    down(own, quiet)
    shutil.rmtree(root)


def quiet(line: str) -> None:
    """Say nothing."""


def kept(settings: Settings) -> dict[str, int]:
    process: dict[str, int] = json.loads((settings.home / "services.json").read_text())["processes"]["store"]
    return process


def change(settings: Settings, edit: Callable[[dict[str, dict[str, dict[str, float]]]], object]) -> None:
    file = settings.home / "services.json"
    content = json.loads(file.read_text())
    edit(content)
    file.write_text(json.dumps(content))


def stores_of(settings: Settings) -> list[int]:
    """Every process that serves this home, recorded or not."""
    mark = f"-s3.config={settings.home}/store/s3.json"
    return [found.pid for found in psutil.process_iter(["cmdline"]) if mark in (found.info["cmdline"] or [])]


def test_killed_it_starts_again_at_the_same_port_with_the_same_objects(settings: Settings) -> None:
    first = up(settings, quiet)
    ObjectStore(first.store).put("kept", b"before")
    pid = kept(settings)["pid"]
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid)], timeout=10)
    assert status(settings)[0].state == "stopped"
    assert "it ended by itself or was killed" in status(settings)[0].detail

    said: list[str] = []
    assert up(settings, said.append) == first
    assert said == [f"Starting the object store (SeaweedFS) at 127.0.0.1:{kept(settings)['port']}…"]
    assert kept(settings)["pid"] != pid
    assert ObjectStore(first.store).get("kept") == b"before"


def test_down_stops_it_and_keeps_port_keys_and_objects(settings: Settings) -> None:
    first = up(settings, quiet)
    ObjectStore(first.store).put("kept", b"before")
    pid, port = kept(settings)["pid"], kept(settings)["port"]

    assert down(settings, quiet) == ["store"]
    assert not psutil.pid_exists(pid)
    assert json.loads((settings.home / "services.json").read_text()) == {"processes": {"store": {"port": port}}}
    assert [str(socket) for socket in Path("/tmp").glob(f"seaweedfs-*-grpc-{port + 10}.sock")] == []
    assert down(settings, quiet) == []

    assert up(settings, quiet) == first
    assert ObjectStore(first.store).get("kept") == b"before"


def test_two_at_once_start_one(settings: Settings) -> None:
    code = (
        "from deployments.local import up; from flows.settings import read_settings; print(up(read_settings()).store)"
    )
    environment = {**os.environ, "STAGEWRIGHT_HOME": str(settings.home)}
    both = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=-1, stderr=-1, text=True)
        for _ in range(2)
    ]
    (first, said_first), (second, said_second) = (one.communicate(timeout=60) for one in both)

    assert [one.returncode for one in both] == [0, 0]
    assert first == second == f"{up(settings, quiet).store}\n"
    assert (said_first + said_second).count("Starting the object store") == 1
    assert stores_of(settings) == [kept(settings)["pid"]]


def test_a_pid_that_is_somebody_elses_by_now_is_left_alone(settings: Settings) -> None:
    up(settings, quiet)
    down(settings, quiet)
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    recorded = {"pid": bystander.pid, "created": psutil.Process(bystander.pid).create_time() - 3600}
    change(settings, lambda content: content["processes"]["store"].update(recorded))

    assert status(settings)[0].state == "stopped"
    assert down(settings, quiet) == []
    change(settings, lambda content: content["processes"]["store"].update(recorded))
    up(settings, quiet)

    assert status(settings)[0].state == "running"
    assert bystander.poll() is None
    bystander.communicate(b"\n", timeout=10)


def test_a_taken_port_makes_it_move_and_say_so(settings: Settings) -> None:
    first = up(settings, quiet)
    ObjectStore(first.store).put("kept", b"before")
    down(settings, quiet)
    port, said = kept(settings)["port"], list[str]()
    with socket.create_server(("127.0.0.1", port + 11)):  # one of the ports behind
        second = up(settings, said.append)
        moved = kept(settings)["port"]
        assert status(settings)[0].state == "running"
        ObjectStore(second.store).put("new", b"after")

    assert said[0] == f"Another program has taken port {port} or one near it; the object store moves to {moved}."
    assert second.store.endpoint == f"http://127.0.0.1:{moved}"
    assert moved != port
    assert ObjectStore(second.store).get("kept") == b"before"
    assert up(settings, said.append) == second  # the new one is remembered


def test_one_that_was_left_half_started_is_started_anew(settings: Settings) -> None:
    first = up(settings, quiet)
    pid, said = kept(settings)["pid"], list[str]()
    change(settings, lambda content: content.pop("store"))  # as when `up` was killed before it was ready
    assert status(settings)[0].state == "unreachable"
    assert "its start was broken off" in status(settings)[0].detail

    assert up(settings, said.append) == first
    assert said[0] == f"The object store (process {pid}) runs but cannot be used; stopping it…"
    assert stores_of(settings) == [kept(settings)["pid"]] != [pid]


def test_one_that_hangs_is_reported_with_what_it_did_not_answer(settings: Settings) -> None:
    up(settings, quiet)
    store = psutil.Process(kept(settings)["pid"])
    store.suspend()
    until(lambda: all(psutil.Process(thread.id).status() == psutil.STATUS_STOPPED for thread in store.threads()))
    try:
        found = status(settings)[0]
    finally:
        store.resume()
    assert (found.state, found.pid) == ("unreachable", store.pid)
    assert "HEAD /stagewright got no answer (TimeoutError: timed out)" in found.detail


def test_one_that_dies_at_start_shows_the_end_of_its_log(settings: Settings) -> None:
    (settings.home / "store" / "data").mkdir(parents=True)
    (settings.home / "store" / "data" / "filerldb2").write_text("in the way")
    log = settings.home / "logs" / "store.log"

    with pytest.raises(ServiceUnreachable) as failed:
        up(settings, quiet)

    assert str(failed.value).startswith(f"The object store ended while it started. The end of its log, {log}:\n")
    assert "filerldb2" in str(failed.value).split("\n", 1)[1]
    assert failed.value.context == {"service": "store", "log": str(log)}
    assert "pid" not in kept(settings)


def test_one_that_never_gets_ready_is_stopped_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    program = settings.home.parent / "weed"
    program.write_text("#!/bin/sh\necho I will not listen\nexec sleep 600\n")
    program.chmod(0o700)
    monkeypatch.setattr("deployments.local.seaweedfs.weed_program", lambda: program)
    monkeypatch.setattr("deployments.local.lifecycle.SeaweedFS", partial(SeaweedFS, patience=0.3))
    before = {child.pid for child in psutil.Process().children()}

    with pytest.raises(ServiceUnreachable) as failed:
        up(settings, quiet)

    assert "was not ready after 0.3 s: PUT /stagewright got no answer (ConnectionRefusedError" in str(failed.value)
    assert str(failed.value).endswith("\n  I will not listen")
    assert {child.pid for child in psutil.Process().children()} == before
    assert "pid" not in kept(settings)


def test_a_long_home_with_blanks_and_commas_is_no_obstacle(settings: Settings) -> None:
    deep = Settings(home=settings.home / ("long, " * 20) / "home")
    found = up(deep, quiet)
    ObjectStore(found.store).put("x", b"deep")
    assert ObjectStore(found.store).get("x") == b"deep"
    assert down(deep, quiet) == ["store"]
    shutil.rmtree(SeaweedFS(Home(deep.home))._sockets())


def test_aws_and_seaweedfs_variables_do_not_reach_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AWS_ENDPOINT_URL",
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "S3_BUCKET",
        "WEED_X",
    ):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    found = up(settings, quiet)
    inherited = psutil.Process(kept(settings)["pid"]).environ()
    assert [name for name in inherited if name.startswith(("AWS_", "S3_"))] == []
    assert {name for name in inherited if name.startswith("WEED_")} == {
        "WEED_JWT_SIGNING_KEY",
        "WEED_JWT_FILER_SIGNING_KEY",
        "WEED_JWT_FILER_SIGNING_READ_KEY",
    }
    assert found.store.endpoint == f"http://127.0.0.1:{kept(settings)['port']}"
    assert status(settings)[0].state == "running"


def test_ctrl_c_while_it_starts_leaves_nothing_behind(settings: Settings) -> None:
    program = settings.home.parent / "weed"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o700)
    code = (
        "import sys, pathlib; from deployments.local import seaweedfs, up; from flows.settings import read_settings; "
        "seaweedfs.weed_program = lambda: pathlib.Path(sys.argv[1]); up(read_settings())"
    )
    environment = {**os.environ, "STAGEWRIGHT_HOME": str(settings.home)}
    starter = subprocess.Popen(
        [sys.executable, "-c", code, str(program)], env=environment, stderr=-1, text=True, preexec_fn=hears_ctrl_c
    )
    while not (settings.home / "services.json").exists():
        assert starter.poll() is None
    started = psutil.Process(kept(settings)["pid"])

    starter.send_signal(signal.SIGINT)
    _, printed = starter.communicate(timeout=30)

    assert "KeyboardInterrupt" in printed
    assert not started.is_running()
    assert "pid" not in kept(settings)


def test_ctrl_c_right_after_its_process_was_written_down_takes_that_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = settings.home.parent / "weed"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o700)
    monkeypatch.setattr("deployments.local.seaweedfs.weed_program", lambda: program)
    written: list[Record] = []

    def write_and_hear_ctrl_c(own: Settings, service: str, record: Record) -> None:
        write_record(own, service, record)
        written.append(record)
        if len(written) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr("deployments.local.starting.write_record", write_and_hear_ctrl_c)

    with pytest.raises(KeyboardInterrupt):
        up(settings, quiet)

    assert written[0].process
    assert find(written[0].process) is None
    assert "pid" not in kept(settings)
