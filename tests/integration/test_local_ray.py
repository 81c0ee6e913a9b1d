"""The local Ray, in homes of its own: reused, for holders of its token only, on loopback only, ended whole.

A start takes 7 s, so most tests look at one Ray, in this order; those that end it come last.
"""

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

import httpx
import psutil
import pytest
from typer import Typer
from typer.testing import CliRunner

from deployments.local import down, service, status
from deployments.local.commands import up_command
from deployments.local.lifecycle import start
from flows.connections import LocalRay, local_ray
from flows.settings import Settings
from tests.integration.waiting import until

pytestmark = pytest.mark.integration

NOT_FOR_RAY = {
    "AWS_SECRET_ACCESS_KEY": "from outside",
    "OPENAI_API_KEY": "from outside",
    "PREFECT_API_KEY": "from outside",
    "STAGEWRIGHT_VISION_KEY": "from outside",
    "PYTHONPATH": "/from outside",
    "RAY_ADDRESS": "from outside",
    "ANYTHING": "from outside",
}
CONNECT = "import os, ray, sys, time; ray.init(sys.argv[1], logging_level='ERROR', log_to_driver=False);"
TELL = "print(ray.get(ray.remote(lambda: repr(dict(os.environ))).remote()))"
WORK = "\ndef work(): time.sleep(600)\nray.get(ray.remote(work).remote())"
FIXED_BY_DEFAULT = {6379, 8265, 10001, 44217, 44227, 52365}


def quiet(line: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def folder(home: Path) -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="stagewright-"))
    yield root
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def settings(folder: Path) -> Iterator[Settings]:
    """A home in which Ray runs, started among settings and secrets of somebody."""
    own = Settings(home=folder / "home")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in NOT_FOR_RAY.items():
            environment.setenv(name, value)
        start(own, quiet, ("ray",))
    yield own
    down(own, quiet)


def head(settings: Settings) -> int:
    pid: int = json.loads((settings.home / "services.json").read_text())["processes"]["ray"]["pid"]
    return pid


def found(settings: Settings) -> LocalRay:
    ray = local_ray(settings)
    assert ray
    return ray


def family(session: int) -> list[psutil.Process]:
    """All processes that live of a Ray, by the session that its head began."""
    ours = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                ours.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return ours


def listening(settings: Settings) -> set[tuple[str, int]]:
    sockets = [socket for process in family(head(settings)) for socket in process.net_connections(kind="inet")]
    return {(socket.laddr.ip, socket.laddr.port) for socket in sockets if socket.status == psutil.CONN_LISTEN}


def driver(ray: LocalRay, code: str, token: Path | None) -> subprocess.Popen[str]:
    environment = {"PATH": os.environ["PATH"], "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    if token:
        environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}
    command = [sys.executable, "-c", CONNECT + code, ray.address]
    return subprocess.Popen(command, env=environment, stdout=-1, stderr=subprocess.STDOUT, text=True)


def answer(ray: LocalRay) -> str:
    return driver(ray, TELL, ray.token_file).communicate(timeout=60)[0]


def test_once_started_it_is_reused_without_a_request(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a driver was started")

    monkeypatch.setattr("deployments.local.ray_cluster.subprocess.run", refuse)
    before, said = (settings.home / "services.json").read_text(), list[str]()
    start(settings, said.append, ("ray",))
    assert said == []
    assert (settings.home / "services.json").read_text() == before
    assert found(settings).token_file == settings.home / "ray" / "token"


def test_it_is_reported_as_running(settings: Settings) -> None:
    ray = status(settings)[2]
    assert (ray.name, ray.state, ray.address, ray.pid) == ("ray", "running", found(settings).address, head(settings))
    assert ray.detail == f"log: {settings.home}/logs/ray.log"


def test_up_tells_its_address_in_a_comment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEWRIGHT_HOME", str(settings.home))
    monkeypatch.setenv("STAGEWRIGHT_S3_BUCKET", "media")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    app = Typer()
    app.command("up")(up_command)
    ray = found(settings)
    line = f"# Ray: {ray.address}, with the token in {ray.token_file}"
    assert line in CliRunner().invoke(app, ["--ray"]).stdout.splitlines()
    assert "Ray" not in CliRunner().invoke(app, []).stdout


def test_tasks_inherit_nothing_of_who_started_it(settings: Settings) -> None:
    told = answer(found(settings))
    assert "RAY_JOB_ID" in told, told
    assert "from outside" not in told
    assert "RAY_START_HOOK" not in told


@pytest.mark.parametrize("wrong", [False, True], ids=["none", "wrong"])
def test_a_driver_without_the_token_is_refused(settings: Settings, folder: Path, wrong: bool) -> None:
    (folder / "wrong").write_text("0" * 64)
    refused = driver(found(settings), TELL, folder / "wrong" if wrong else None)
    assert refused.stdout
    printed = ""
    while "InvalidAuthToken" not in printed:  # it would ask for minutes
        line = refused.stdout.readline()
        assert line, printed
        printed += line
    refused.kill()
    assert "RAY_JOB_ID" not in printed + refused.communicate(timeout=10)[0]


@pytest.mark.parametrize("wrong", [False, True], ids=["none", "wrong"])
def test_the_job_server_refuses_who_has_no_token(settings: Settings, wrong: bool) -> None:
    jobs = f"{found(settings).dashboard}/api/jobs/"
    headers = {"Authorization": f"Bearer {'0' * 64}"} if wrong else {}
    assert httpx.get(jobs, headers=headers).status_code in (401, 403)
    assert httpx.post(jobs, headers=headers, json={"entrypoint": "true"}).status_code in (401, 403)
    token = found(settings).token_file.read_text()
    assert httpx.get(jobs, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_everything_listens_on_loopback_at_ports_of_its_own(settings: Settings) -> None:
    at = listening(settings)
    assert {ip for ip, _ in at} <= {"127.0.0.1", "::ffff:127.0.0.1"}
    ports = {port for _, port in at}
    assert int(found(settings).address.removeprefix("127.0.0.1:")) in ports
    assert ports & FIXED_BY_DEFAULT == set()
    assert not any("ray.util.client" in " ".join(process.cmdline()) for process in family(head(settings)))


def test_its_http_ports_run_nothing_without_the_token(settings: Settings) -> None:
    order = json.dumps({"entrypoint": "id"}).encode()
    asked = [("POST", "/api/job_agent/jobs/", order), ("POST", "/get_or_create_runtime_env", b"x")]
    http = [port for ip, port in listening(settings) if ip == "127.0.0.1"]  # those of gRPC have ::ffff: before it
    codes = {service.ask(port, method, path, body)[0] for port in http for method, path, body in asked}
    assert codes == {401, 405}  # 405: ports that tell metrics


def test_only_the_owner_reaches_its_files_and_the_token_is_on_no_command_line(settings: Settings) -> None:
    folder, token = settings.home / "ray", found(settings).token_file
    assert [oct(path.stat().st_mode & 0o777) for path in (folder, token)] == ["0o700", "0o600"]
    secret = token.read_text()
    assert len(secret) == 64
    assert not any(secret in " ".join(process.cmdline()) for process in family(head(settings)))
    assert secret not in (settings.home / "logs" / "ray.log").read_text()


def test_another_home_has_another_beside_it_however_long_its_path(settings: Settings, folder: Path) -> None:
    other = Settings(home=folder / ("long, " * 20) / "home")
    start(other, quiet, ("ray",))
    try:
        assert found(other).token_file.read_text() != found(settings).token_file.read_text()
        assert "RAY_JOB_ID" in answer(found(other))
        temporary = Path(*[part[11:] for part in psutil.Process(head(other)).cmdline() if part[:11] == "--temp-dir="])
        session = head(other)
    finally:
        stopped = down(other, quiet)
    shutil.rmtree(temporary.parent)
    assert stopped == ["ray"]
    assert family(session) == []
    assert status(settings)[2].state == "running"


def test_one_that_other_versions_started_is_started_anew(settings: Settings) -> None:
    first, said, file = head(settings), list[str](), settings.home / "services.json"
    content = json.loads(file.read_text())
    assert content["processes"]["ray"]["versions"]["python"].startswith(sys.version.split()[0])
    content["processes"]["ray"]["versions"] = {"ray": "2.59.0", "python": "3.10.1"}
    file.write_text(json.dumps(content))

    start(settings, said.append, ("ray",))

    assert said == [
        f"The Ray cluster (process {first}) runs but was started with ray 2.59.0 and python 3.10.1; stopping it…",
        f"Starting Ray at {found(settings).address} (takes a few seconds)…",
    ]
    assert head(settings) != first
    assert family(first) == []


def test_killed_it_starts_again_at_the_same_port_and_nothing_of_the_old_lives(settings: Settings) -> None:
    first, ray = head(settings), found(settings)
    assert "RAY_JOB_ID" in answer(ray)  # so that it has a worker
    os.kill(first, signal.SIGKILL)
    until(lambda: first not in [process.pid for process in family(first)])
    assert family(first) != []  # agents and workers, which notice late
    assert status(settings)[2].detail.endswith("(it ended by itself or was killed)")

    start(settings, quiet, ("ray",))

    assert found(settings) == ray
    assert family(first) == []
    assert len(list((settings.home / "ray" / "t").glob("session_2*"))) == 2  # of three starts


def test_down_ends_every_process_of_it_at_once_even_while_a_task_runs(settings: Settings) -> None:
    session, ray = head(settings), found(settings)
    busy = driver(ray, WORK, ray.token_file)
    until(lambda: any("ray::work" in " ".join(process.cmdline()) for process in family(session)))
    said: list[str] = []
    try:
        assert down(settings, said.append) == ["ray"]
    finally:
        busy.kill()
        busy.communicate()
    assert said == ["Stopping: Ray cluster…"]
    assert family(session) == []
    assert local_ray(settings) is None
    assert status(settings)[2].detail == "start it with `stagewright up --ray` or `run --runner ray`"
    assert down(settings, said.append) == []
