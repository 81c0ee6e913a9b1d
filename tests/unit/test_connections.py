"""Which store and which server this process uses, whatever proxies and profiles its environment names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.request import proxy_bypass

import httpx
import pytest
from prefect.context import refresh_global_settings_context
from prefect.settings import PREFECT_API_URL

from flows import catalog
from flows.command import starting
from flows.command.starting import open_store, ready
from flows.connections import point_prefect_at
from stages.core.errors import ServiceUnreachable, UsageError

LOCAL = "http://127.0.0.1:9/api"
STORE = {"endpoint": "http://127.0.0.1:9", "bucket": "b", "access_key": "key", "secret_key": "secret"}
PROFILE = "name: {}\nstages: [{{id: frames, stage: extract_frames}}]\ninputs: {{video: Video}}\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with services, and an environment that says nothing of stores, servers and proxies."""
    for name in os.environ:
        if name.startswith(("STAGEWRIGHT_", "PREFECT_", "AWS_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("STAGEWRIGHT_HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect-home"))
    (tmp_path / "services.json").write_text(json.dumps({"store": STORE, "prefect": {"api_url": LOCAL}}))
    refresh_global_settings_context()
    return tmp_path


class TestProxies:
    @pytest.mark.parametrize(
        "variables",
        [
            {"ALL_PROXY": "socks5://127.0.0.1:1080"},
            {"all_proxy": "socks://127.0.0.1:1080/"},
            {"HTTP_PROXY": "socks4://127.0.0.1:1080", "no_proxy": "example.com"},
            {"http_proxy": "127.0.0.1:nonsense"},
            {"https_proxy": "http://127.0.0.1:3128", "NO_PROXY": "[::1]"},
        ],
        ids=str,
    )
    def test_that_httpx_cannot_use_do_not_keep_it_from_loopback(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
    ) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises((ImportError, ValueError, httpx.InvalidURL)):
            httpx.Client()
        point_prefect_at(LOCAL)
        point_prefect_at(LOCAL)
        with httpx.Client() as client:
            assert client._mounts == {}
        assert proxy_bypass("127.0.0.1")
        assert not proxy_bypass("s3.example.org")
        assert os.environ["NO_PROXY"].count("*") == 1

    def test_that_are_good_are_used_for_all_but_loopback(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:3128")
        monkeypatch.setenv("no_proxy", "example.com")
        point_prefect_at(LOCAL)
        assert os.environ["no_proxy"] == "example.com,127.0.0.1,localhost"
        with httpx.Client() as client:
            assert "all://127.0.0.1" in [pattern.pattern for pattern in client._mounts]

    @pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
    def test_hosts_that_are_spared_stay_so(self, home: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setenv(name, "example.com")
        point_prefect_at(LOCAL)
        assert os.environ["no_proxy"] == os.environ["NO_PROXY"] == "example.com,127.0.0.1,localhost"

    def test_are_left_alone_for_a_server_elsewhere(self, home: Path) -> None:
        point_prefect_at("https://prefect.example.com/api")
        assert os.environ["PREFECT_API_URL"] == "https://prefect.example.com/api"
        assert "NO_PROXY" not in os.environ


class TestWhatIsStarted:
    @pytest.fixture(autouse=True)
    def asked(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
        asked: list[tuple[str, ...]] = []
        monkeypatch.setattr(starting, "_starter", lambda settings, say, names: asked.append(names))
        return asked

    def test_a_command_that_reads_wants_the_store_only(self, home: Path, asked: list[tuple[str, ...]]) -> None:
        (home / "services.json").write_text(json.dumps({"store": STORE}))
        _, blobs = open_store(print)
        assert blobs.store.address.bucket == "b"
        assert asked == [("store",)]
        assert "PREFECT_API_URL" not in os.environ

    def test_a_run_wants_both_and_keeps_prefects_files_in_the_home(
        self, home: Path, asked: list[tuple[str, ...]]
    ) -> None:
        assert ready(print)[1].prefect_api_url == LOCAL == os.environ["PREFECT_API_URL"]
        assert asked == [("store", "prefect")]
        assert os.environ["PREFECT_LOCAL_STORAGE_PATH"] == str(home / "prefect" / "storage")

    def test_what_is_missing_is_named(self, home: Path) -> None:
        (home / "services.json").write_text(json.dumps({"prefect": {"api_url": LOCAL}}))
        with pytest.raises(ServiceUnreachable, match=r"^No object store: nothing is named by settings"):
            open_store(print)
        (home / "services.json").write_text(json.dumps({"store": STORE}))
        with pytest.raises(ServiceUnreachable, match=r"^No Prefect server: nothing is named by settings"):
            ready(print)


class TestCatalog:
    def test_uses_the_server_that_was_started_here(self, home: Path) -> None:
        assert catalog.brand_exposure.name == "brand-exposure"
        assert os.environ["PREFECT_API_URL"] == PREFECT_API_URL.value() == LOCAL

    def test_uses_another_that_the_environment_names(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:8/api")
        refresh_global_settings_context()
        assert catalog.brand_exposure.name == "brand-exposure"
        assert PREFECT_API_URL.value() == "http://127.0.0.1:8/api"

    def test_uses_another_that_a_prefect_profile_names(self, home: Path) -> None:
        (home / "prefect-home").mkdir(exist_ok=True)
        (home / "prefect-home" / "profiles.toml").write_text(
            'active = "team"\n[profiles.team]\nPREFECT_API_URL = "http://127.0.0.1:7/api"\n'
        )
        refresh_global_settings_context()
        assert catalog.brand_exposure.name == "brand-exposure"
        assert PREFECT_API_URL.value() == "http://127.0.0.1:7/api"
        assert "PREFECT_API_URL" not in os.environ

    def test_starts_nothing_and_names_none_where_there_is_none(self, home: Path) -> None:
        (home / "services.json").unlink()
        assert catalog.brand_exposure.name == "brand-exposure"
        assert PREFECT_API_URL.value() is None
        assert not (home / "logs").exists()

    def test_two_profiles_of_one_name_in_python_are_told(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = home / "profiles"
        folder.mkdir()
        for name in ("a-b", "a_b"):
            (folder / f"{name}.yaml").write_text(PROFILE.format(name))
        monkeypatch.setenv("STAGEWRIGHT_PROFILES", str(folder))
        with pytest.raises(UsageError) as e:
            from flows.catalog import a_b  # noqa: F401
        assert str(e.value) == "The profiles 'a-b' and 'a_b' would both be flows.catalog.a_b; give one another name."
        assert catalog.brand_exposure.name == "brand-exposure"
