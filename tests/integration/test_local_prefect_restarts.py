"""Both local services together, in a home of their own: two starts at once, a killed Prefect server, the stop."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deployments.local import down, prefect_program, status, up
from deployments.local.service import ask
from flows.settings import Settings

pytestmark = pytest.mark.integration

START = "from deployments.local import up; from flows.settings import read_settings; print(up(read_settings()))"
MISLEADING = {
    "PREFECT_PROFILE": "nobody",
    "PREFECT_SERVER_DATABASE_CONNECTION_URL": "sqlite+aiosqlite:////nowhere/at/all.db",
    "PREFECT_SERVER_API_BASE_PATH": "/elsewhere",
}


@pytest.fixture(scope="module")
def started(home: Path) -> Iterator[tuple[Settings, list[tuple[int, str, str]]]]:
    """A home in which two processes called `up` at once, and what each ended with and printed."""
    root = Path(tempfile.mkdtemp(prefix="stagewright-"))
    settings = Settings(home=root / "home")
    environment = {**os.environ, **MISLEADING, "STAGEWRIGHT_HOME": str(settings.home)}
    environment.pop("PREFECT_API_URL", None)
    both = [
        subprocess.Popen([sys.executable, "-c", START], env=environment, stdout=-1, stderr=-1, text=True) for _ in "12"
    ]
    printed = [one.communicate(timeout=180) for one in both]
    yield settings, [(one.returncode, *texts) for one, texts in zip(both, printed, strict=True)]
    down(settings, lambda line: None)
    shutil.rmtree(root)


@pytest.fixture
def settings(started: tuple[Settings, object], monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return started[0]


def kept(settings: Settings) -> dict[str, dict[str, int]]:
    processes: dict[str, dict[str, int]] = json.loads((settings.home / "services.json").read_text())["processes"]
    return processes


def servers_of(settings: Settings) -> list[int]:
    found = psutil.process_iter(["cmdline", "cwd"])
    ours = [process for process in found if process.info["cwd"] == str(settings.home / "prefect")]
    return [process.pid for process in ours if prefect_program.__file__ in process.info["cmdline"]]


def test_two_at_once_start_one_of_each(
    settings: Settings, started: tuple[Settings, list[tuple[int, str, str]]]
) -> None:
    (code, found, said), (other_code, other_found, other_said) = started[1]
    assert (code, other_code) == (0, 0)
    assert found == other_found == f"{up(settings, lambda line: None)}\n"
    for line in ("Starting the object store (SeaweedFS) at", "(first start takes about 10 s)…", "waiting for it…"):
        assert (said + other_said).count(line) == 1
    assert servers_of(settings) == [kept(settings)["prefect"]["pid"]]


def test_the_server_keeps_its_data_in_the_home_whatever_the_environment_says(settings: Settings) -> None:
    inherited = psutil.Process(kept(settings)["prefect"]["pid"]).environ()
    assert inherited["PREFECT_HOME"] == str(settings.home / "prefect")
    assert [name for name in MISLEADING if name in inherited] == []
    assert (settings.home / "prefect" / "prefect.db").stat().st_size > 0


def test_the_address_that_up_prints_is_still_the_local_server(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{kept(settings)['prefect']['port']}/api")
    assert [service.state for service in status(settings)] == ["running", "running", "stopped", "stopped"]
    monkeypatch.setenv("PREFECT_API_URL", f"http://localhost:{kept(settings)['prefect']['port']}/api")
    assert [service.state for service in status(settings)] == ["running", "outside", "stopped", "stopped"]


def test_killed_the_server_starts_again_at_the_same_port_with_the_same_data(settings: Settings) -> None:
    before, first = kept(settings), up(settings, lambda line: None)
    flow, said = json.dumps({"name": "kept"}).encode(), list[str]()
    code, made = ask(before["prefect"]["port"], "POST", "/api/flows/", flow, {"Content-Type": "application/json"})
    assert code == 201
    os.kill(before["prefect"]["pid"], signal.SIGKILL)
    psutil.wait_procs([psutil.Process(before["prefect"]["pid"])], timeout=10)

    assert up(settings, said.append) == first

    port = before["prefect"]["port"]
    assert said == [f"Starting the Prefect server at 127.0.0.1:{port} (takes a few seconds)…"]
    assert kept(settings)["store"] == before["store"]
    assert kept(settings)["prefect"]["pid"] != before["prefect"]["pid"]
    assert json.loads(ask(port, "GET", "/api/flows/name/kept")[1])["id"] == json.loads(made)["id"]


def test_down_stops_both_and_keeps_their_data(settings: Settings) -> None:
    before, said = kept(settings), list[str]()
    assert down(settings, said.append) == ["store", "prefect"]
    assert said == ["Stopping: object store, Prefect server…"]
    assert [psutil.pid_exists(process["pid"]) for process in before.values()] == [False, False]
    assert [(service.state, service.detail) for service in status(settings)[:2]] == [
        ("stopped", "start it with `stagewright up`"),
        ("stopped", "start it with `stagewright up`"),
    ]
    assert (settings.home / "prefect" / "prefect.db").exists()
    assert list((settings.home / "store" / "data").glob("stagewright_*.dat"))
    assert down(settings, said.append) == []
