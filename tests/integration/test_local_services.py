"""The local services that all tests of a session share: what they are, and that they are reused."""

from __future__ import annotations

import http.client
import json
import os
from pathlib import Path

import psutil
import pytest
from typer import Typer
from typer.testing import CliRunner

from deployments.local import ServiceStatus, down, service, status, up
from deployments.local.commands import up_command
from deployments.local.status_command import status_command
from flows.connections import Connections, connections
from flows.settings import Settings, read_settings
from stages.core.errors import StoreDenied
from stages.core.objects import ObjectStore
from stages.core.store_address import StoreAddress

pytestmark = pytest.mark.integration

NEVER = "never started in this home; `stagewright up --ray` or `run --runner ray` starts it"


def kept(home: Path) -> dict[str, dict[str, int]]:
    processes: dict[str, dict[str, int]] = json.loads((home / "services.json").read_text())["processes"]
    return processes


def listening(pid: int) -> set[tuple[str, int]]:
    sockets = psutil.Process(pid).net_connections(kind="inet")
    return {(found.laddr.ip, found.laddr.port) for found in sockets if found.status == psutil.CONN_LISTEN}


def use_aws_key(monkeypatch: pytest.MonkeyPatch, access_key: str, secret_key: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret_key)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)  # it remembers the keys of the first client


def test_services_json_says_how_to_reach_what_was_started(services: Connections, home: Path) -> None:
    assert connections(read_settings()) == services
    assert services.store.endpoint == f"http://127.0.0.1:{kept(home)['store']['port']}"
    assert services.store.bucket == "stagewright"
    assert services.prefect_api_url == f"http://127.0.0.1:{kept(home)['prefect']['port']}/api"


def test_up_again_keeps_the_processes_and_sends_no_request(
    services: Connections, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> tuple[int, bytes]:
        raise AssertionError("a request was sent")

    for module in ("seaweedfs", "prefect_server"):
        monkeypatch.setattr(f"deployments.local.{module}.ask", refuse)
    monkeypatch.delenv("PREFECT_API_URL")
    before, said = (home / "services.json").read_text(), list[str]()

    assert up(read_settings(), said.append) == services
    assert said == []
    assert (home / "services.json").read_text() == before


def test_the_store_keeps_objects(store: ObjectStore) -> None:
    store.put("a/b.txt", b"kept", "text/plain")
    assert store.get("a/b.txt") == b"kept"
    assert list(store.list("")) == ["a/b.txt"]


def test_everything_listens_on_loopback_only(services: Connections, home: Path) -> None:
    store, prefect = kept(home)["store"], kept(home)["prefect"]
    offsets = (0, 1, 2, 3, 10, 11, 12, 13, 30, 31)
    assert listening(store["pid"]) == {("127.0.0.1", store["port"] + offset) for offset in offsets}
    assert listening(prefect["pid"]) == {("127.0.0.1", prefect["port"])}


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/stagewright"), ("PUT", "/stagewright/anonymous")])
def test_the_store_refuses_who_has_no_key(services: Connections, home: Path, method: str, path: str) -> None:
    code, answer = service.ask(kept(home)["store"]["port"], method, path, b"x" if method == "PUT" else b"")
    assert code == 403
    assert b"AccessDenied" in answer


@pytest.mark.parametrize("part", [1, 2, 3, 30], ids=["master", "volume", "filer", "admin"])
def test_the_parts_behind_the_store_give_nothing_by_http(services: Connections, home: Path, part: int) -> None:
    port = kept(home)["store"]["port"] + part
    asked = ["GET /buckets/", "POST /buckets/x", "GET /dir/status", "GET /dir/assign", "GET /col/delete?collection=x"]
    codes = {line: service.ask(port, line.split()[0], line.split()[1])[0] for line in asked}
    assert {line: code for line, code in codes.items() if code not in (400, 401, 403, 404, 405)} == {}


def test_the_store_refuses_a_wrong_key(services: Connections) -> None:
    wrong = StoreAddress("stagewright", "", services.store.endpoint, services.store.access_key, "not the secret")
    with pytest.raises(StoreDenied, match="SignatureDoesNotMatch"):
        ObjectStore(wrong).put("x", b"x")


def test_web_pages_of_others_may_not_use_the_prefect_server(services: Connections, home: Path) -> None:
    port = kept(home)["prefect"]["port"]
    allowed = {}
    for origin in ("http://elsewhere.example", f"http://127.0.0.1:{port}"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/api/health", headers={"Origin": origin})
        allowed[origin] = connection.getresponse().headers.get("access-control-allow-origin")
        connection.close()
    assert allowed == {"http://elsewhere.example": None, f"http://127.0.0.1:{port}": f"http://127.0.0.1:{port}"}


def test_only_the_owner_can_read_what_lies_in_the_home(services: Connections, home: Path) -> None:
    folders = (".", "store", "store/data", "store/sock", "prefect", "logs")
    assert {name: oct((home / name).stat().st_mode & 0o777) for name in folders} == dict.fromkeys(folders, "0o700")
    files = ("services.json", "up.lock", "store/secrets.json", "store/s3.json", "prefect/prefect.db", "logs/store.log")
    assert {name: oct((home / name).stat().st_mode & 0o777) for name in files} == dict.fromkeys(files, "0o600")


def test_the_secret_is_on_no_command_line_and_in_no_log(services: Connections, home: Path) -> None:
    secret = services.store.secret_key
    assert secret
    for name in ("store", "prefect"):
        assert secret not in " ".join(psutil.Process(kept(home)[name]["pid"]).cmdline())
        assert secret not in (home / "logs" / f"{name}.log").read_text()


def test_aws_variables_do_not_redirect_the_local_store(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "else")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "altogether")
    found = up(read_settings(), lambda line: None)
    assert found.store.endpoint == store.address.endpoint
    ObjectStore(store.address).put("x", b"here")  # a client made in that environment
    assert store.get("x") == b"here"


def test_those_that_run_are_reported_as_running(services: Connections, home: Path) -> None:
    store, prefect, *_ = status(read_settings())
    pids, logs = kept(home), home / "logs"
    endpoint = str(services.store.endpoint)
    assert store == ServiceStatus("store", "running", endpoint, pids["store"]["pid"], f"log: {logs}/store.log")
    api_url = services.prefect_api_url
    assert prefect == ServiceStatus("prefect", "running", api_url, pids["prefect"]["pid"], f"log: {logs}/prefect.log")


def test_services_outlive_a_signal_to_the_session_of_their_starter(services: Connections, home: Path) -> None:
    for process in kept(home).values():
        assert os.getsid(process["pid"]) == process["pid"]


def test_what_settings_name_is_outside_and_nothing_is_started(
    services: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_aws_key(monkeypatch, str(services.store.access_key), str(services.store.secret_key))
    settings = Settings(home=tmp_path / "other", s3_bucket="stagewright", s3_endpoint=services.store.endpoint)

    found = up(settings, lambda line: None)

    assert found.store == StoreAddress("stagewright", "", services.store.endpoint)
    assert found.prefect_api_url == services.prefect_api_url
    assert not (tmp_path / "other").exists()
    assert [(s.name, s.state, s.pid, s.detail) for s in status(settings)] == [
        ("store", "outside", None, "named by STAGEWRIGHT_S3_BUCKET"),
        ("prefect", "outside", None, "named by PREFECT_API_URL"),
        ("ray", "stopped", None, NEVER),
        ("worker", "stopped", None, "never started in this home; `stagewright up --worker` starts it"),
    ]
    assert down(settings, lambda line: None) == []


def test_an_outside_store_that_refuses_is_unreachable_and_says_why(
    services: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_aws_key(monkeypatch, "nobody", "nothing")
    found = status(Settings(home=tmp_path, s3_bucket="stagewright", s3_endpoint=services.store.endpoint))[0]
    assert (found.state, found.address) == ("unreachable", f"s3://stagewright/ at {services.store.endpoint}")
    assert "the store refuses this key (403)" in found.detail


def test_commands_print_what_a_shell_and_a_program_can_read(services: Connections, home: Path) -> None:
    app = Typer()
    app.command("up")(up_command)
    app.command("status")(status_command)

    printed = CliRunner().invoke(app, ["up"]).stdout.splitlines()
    server = services.prefect_api_url.removesuffix("/api")
    assert printed[-2:] == [f"# Prefect UI: {server}", f"export PREFECT_API_URL={services.prefect_api_url}"]
    assert all(line.startswith("#") for line in printed[:-1])

    answer = CliRunner().invoke(app, ["status", "--json"])
    assert answer.exit_code == 0
    states = {s["name"]: s["state"] for s in json.loads(answer.stdout)["services"]}
    for name in ("ray", "worker"):
        assert states.pop(name) in ("stopped", "running")  # others may have asked for it before
    assert states == {"store": "running", "prefect": "running"}
    assert str(services.store.secret_key) not in answer.output
