"""What is run for the local Ray, what it inherits, and what of it is kept."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.local import down, status, up
from deployments.local.home import Home
from deployments.local.ports import choose
from deployments.local.ray_cluster import RayCluster
from flows.settings import Settings
from stages.core.errors import UsageError

NEVER = "never started in this home; `stagewright up --ray` or `run --runner ray` starts it"


@pytest.fixture
def home() -> Iterator[Home]:
    home = Home(Path(tempfile.mkdtemp(prefix="sw-")))  # short: else Ray's folder lies elsewhere
    home.prepare()
    yield home
    shutil.rmtree(home.root)


def temporary_of(home: Home) -> Path:
    args = RayCluster(home).command(21000).args
    return next(Path(arg.removeprefix("--temp-dir=")) for arg in args if arg.startswith("--temp-dir="))


def test_ray_is_given_every_hardening_flag(home: Home) -> None:
    command = RayCluster(home).command(21000)
    assert command.args[:2] == [sys.executable, "-P"]
    assert command.args[3:] == [
        *("start", "--head", "--block", "--node-ip-address=127.0.0.1", "--include-dashboard=false"),
        *("--disable-usage-stats", "--no-monitor", "--min-worker-port=0", "--max-worker-port=0"),
        "--dashboard-agent-listen-port=0",
        '--system-config={"task_events_report_interval_ms":0,"enable_metrics_collection":false,"enable_open_telemetry":false}',
        *("--port=21000", "--dashboard-host=127.0.0.1", "--dashboard-port=21001", f"--temp-dir={home.ray}/t"),
        *("--object-store-memory=300000000", f"--num-cpus={os.cpu_count()}"),
    ]
    assert command.folder == home.ray


def test_ray_inherits_only_what_is_known_to_hold_no_secret(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "OPENAI_API_KEY", "STAGEWRIGHT_X", "PYTHONPATH", "RAY_ADDRESS", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "from outside")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    environment = RayCluster(home).command(21000).environment
    assert [name for name, value in environment.items() if value == "from outside"] == []
    assert environment["LC_ALL"] == "C.UTF-8"
    assert environment["RAY_AUTH_MODE"] == "token"
    assert Path(environment["RAY_AUTH_TOKEN_PATH"]).read_text() == (home.ray / "token").read_text()
    assert oct((home.ray / "token").stat().st_mode & 0o777) == "0o600"


def test_the_token_is_kept_and_of_rays_folders_the_last_ones(home: Home) -> None:
    temporary = temporary_of(home)
    token = (home.ray / "token").read_text()
    for day in ("20", "21", "22"):
        (temporary / f"session_2026-11-{day}_05-34-03_526468_3642" / "logs").mkdir(parents=True)
    (temporary / "session_latest").symlink_to(temporary / "session_2026-11-22_05-34-03_526468_3642")
    RayCluster(home).command(21000)
    kept = sorted(path.name for path in temporary.iterdir())
    assert kept == ["session_2026-11-22_05-34-03_526468_3642", "session_latest"]
    assert (home.ray / "token").read_text() == token


def test_sockets_of_ray_have_short_paths_even_where_those_of_others_are_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("long" * 20)))
    home = Home(tmp_path / ("long" * 30))
    home.prepare()
    temporary = temporary_of(home)
    temporary.parent.rmdir()
    assert temporary.parent.parent == Path("/tmp")
    assert oct(home.ray.stat().st_mode & 0o777) == "0o700"


def test_without_ray_the_extra_to_install_is_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", none)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.delenv("STAGEWRIGHT_S3_BUCKET", raising=False)
    said: list[str] = []
    with pytest.raises(UsageError, match=r"Install it with `pip install 'stagewright\[ray\]'`"):
        up(Settings(home=tmp_path / "home"), said.append, ray=True)
    assert said == []
    assert not (tmp_path / "home" / "services.json").exists()
    assert status(Settings(home=tmp_path / "home"))[2].detail == NEVER
    assert down(Settings(home=tmp_path / "home"), said.append) == []


def test_a_ray_that_does_not_listen_is_told_apart_at_once(home: Home) -> None:
    assert RayCluster(home).fault(choose((0,))) is not None
    assert RayCluster(home).make_ready(choose((0,))) == "it has not said that it started"
