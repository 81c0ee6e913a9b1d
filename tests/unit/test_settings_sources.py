"""Where settings come from, as `status` tells it: no secret is shown, and what is mistyped is told."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from deployments.local.status_command import status_command
from flows.command import starting
from flows.prefect_profile import NamedByProfile, named_by_profile
from flows.settings_sources import sourced_settings, unknown_variables

SECRET = "sk-of-the-test-4f1d9c"
LOCAL = "http://127.0.0.1:9/api"
PROFILES = (
    'active = "team"\n[profiles.team]\nPREFECT_API_URL = "https://me:word@prefect.example.com/api"\n[profiles.x]\n'
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is set, and nothing was ever started."""
    for name in [name for name in os.environ if name.startswith(("STAGEWRIGHT_", "PREFECT_", "AWS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("STAGEWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


def told(*args: str, code: int = 0) -> Result:
    app = Typer()
    app.command()(status_command)
    answer = CliRunner().invoke(app, args)
    assert answer.exit_code == code, answer.output
    assert SECRET not in answer.output
    return answer


def rows(code: int = 0) -> dict[str, dict[str, Any]]:
    """The settings of `status --json`, by name."""
    return {row["name"]: row for row in json.loads(told("--json", code=code).stdout)["settings"]}


class TestSources:
    def test_are_the_environment_and_the_default(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        monkeypatch.setenv("STAGEWRIGHT_WORKERS", "3")
        monkeypatch.setenv("STAGEWRIGHT_PROFILES", "a, b")
        monkeypatch.setenv("STAGEWRIGHT_RUNNER", "")
        found = {row.name.removeprefix("STAGEWRIGHT_"): (row.value, row.origin) for row in sourced_settings()}
        assert found == {
            "HOME": (str(home / "home"), "environment"),
            "S3_BUCKET": (None, "default"),
            "S3_PREFIX": ("", "default"),
            "S3_ENDPOINT": (None, "default"),
            "S3_ACCESS_KEY": (None, "default"),
            "S3_SECRET_KEY": (None, "default"),
            "PROFILES": (["a", "b"], "environment"),
            "STAGE_MODULES": ([], "default"),
            "PLUGINS": ([], "default"),
            "RUNNER": ("threads", "default"),
            "WORKERS": (3, "environment"),
            "CACHE_GB": (20, "default"),
            "VISION_KEY": (None, "default"),
        }

    @pytest.mark.parametrize("secret", [SECRET, "x"])
    def test_a_secret_is_masked_whatever_its_length(self, monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
        monkeypatch.setenv("STAGEWRIGHT_VISION_KEY", secret)
        [row] = [row for row in sourced_settings() if row.name == "STAGEWRIGHT_VISION_KEY"]
        assert (row.value, row.origin, row.fault) == ("••••", "environment", None)

    def test_what_is_mistyped_is_told_and_what_it_holds_is_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STAGEWRIGHT_VISON_KEY", SECRET)
        monkeypatch.setenv("STAGEWRIGHT_S3_BUKET", "media")
        monkeypatch.setenv("STAGEWRIGHT_QQQ", "1")
        assert [(row.name, row.value, row.fault) for row in unknown_variables()] == [
            ("STAGEWRIGHT_QQQ", None, "There is no such setting."),
            ("STAGEWRIGHT_S3_BUKET", None, "There is no such setting; did you mean STAGEWRIGHT_S3_BUCKET?"),
            ("STAGEWRIGHT_VISON_KEY", None, "There is no such setting; did you mean STAGEWRIGHT_VISION_KEY?"),
        ]
        assert rows()["STAGEWRIGHT_S3_BUKET"]["origin"] == "unknown"

    def test_who_starts_something_hears_of_it_too(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        (home / "home").mkdir()
        kept = {"endpoint": "http://127.0.0.1:9", "bucket": "b", "access_key": "k", "secret_key": "s"}
        (home / "home" / "services.json").write_text(json.dumps({"store": kept, "prefect": {"api_url": LOCAL}}))
        monkeypatch.setattr(starting, "_starter", starting._only_find)
        monkeypatch.setenv("STAGEWRIGHT_WORKER", "3")
        said: list[str] = []
        starting.ready(said.append)
        assert said == [
            "STAGEWRIGHT_WORKER changes nothing. There is no such setting; did you mean STAGEWRIGHT_WORKERS?"
        ]


class TestStatus:
    def test_settings_that_cannot_be_used_are_shown_with_what_is_wrong(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STAGEWRIGHT_CACHE_GB", "much")
        monkeypatch.setenv("STAGEWRIGHT_VISION_KEY", f"{SECRET} {SECRET}")
        answer = json.loads(told("--json", code=2).stdout)
        assert (answer["state"], answer["services"]) == ("refused", [])
        assert answer["error"].startswith("Settings that cannot be used:\n  STAGEWRIGHT_CACHE_GB: ")
        found = {row["name"]: row for row in answer["settings"]}
        assert found["STAGEWRIGHT_CACHE_GB"]["value"] == "much"
        assert found["STAGEWRIGHT_CACHE_GB"]["fault"].endswith("(found 'much')")
        assert found["STAGEWRIGHT_VISION_KEY"]["value"] == "••••"
        assert found["STAGEWRIGHT_VISION_KEY"]["fault"].endswith("There are characters in it that no key has")
        assert found["STAGEWRIGHT_RUNNER"]["value"] == "threads"

    @pytest.mark.parametrize(
        ("runner", "fault"),
        [
            ("spark", "There is no runner 'spark'. There are: auto, ray, threads."),
            (f"me:{SECRET}@head:x", "There is no runner 'head:x'"),
            ("ray://head:10001", "The Ray Client (ray://) cannot run stages. Name the head as HOST:PORT."),
        ],
    )
    def test_a_word_that_names_no_runner_is_such_a_setting(
        self, monkeypatch: pytest.MonkeyPatch, runner: str, fault: str
    ) -> None:
        monkeypatch.setenv("STAGEWRIGHT_RUNNER", runner)
        answer = json.loads(told("--json", code=2).stdout)
        assert answer["state"] == "refused"
        assert answer["error"].startswith(f"Settings that cannot be used:\n  STAGEWRIGHT_RUNNER: {fault}")
        [row] = [row for row in answer["settings"] if row["name"] == "STAGEWRIGHT_RUNNER"]
        assert (row["origin"], row["fault"][: len(fault)]) == ("environment", fault)

    def test_a_cluster_that_is_named_is_a_service_and_must_listen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as head:
            address = f"127.0.0.1:{head.getsockname()[1]}"
            monkeypatch.setenv("STAGEWRIGHT_RUNNER", address)
            lines = [line.split("\t") for line in told().stdout.splitlines()]
            assert ["Ray cluster", "outside", address, "named by STAGEWRIGHT_RUNNER"] in lines
        [*_, gone] = json.loads(told("--json", code=3).stdout)["services"]
        assert (gone["name"], gone["state"], gone["address"]) == ("cluster", "unreachable", address)
        assert gone["detail"].startswith("named by STAGEWRIGHT_RUNNER; no answer (")
        monkeypatch.setenv("STAGEWRIGHT_RUNNER", "127.0.0.1:99999")
        [*_, gone] = json.loads(told("--json", code=3).stdout)["services"]
        assert gone["detail"] == "named by STAGEWRIGHT_RUNNER; no answer (Port out of range 0-65535)"

    def test_a_line_for_each_in_a_pipe(self) -> None:
        lines = [line.split("\t") for line in told().stdout.splitlines()]
        assert ["object store", "stopped", "", "never started in this home"] in lines
        assert ["STAGEWRIGHT_RUNNER", "threads", "default"] in lines
        assert ["PREFECT_API_URL", "", "default"] in lines

    def test_keys_of_an_outside_store_come_the_aws_ways(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        keys = [f"STAGEWRIGHT_S3_{part}_KEY" for part in ("ACCESS", "SECRET")]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", SECRET)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        assert [rows()[key]["origin"] for key in keys] == ["default"] * 2  # the local store has its own

        monkeypatch.setenv("STAGEWRIGHT_S3_BUCKET", "media")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")
        found = rows(code=3)
        assert [(found[key]["value"], found[key]["origin"]) for key in keys] == [("••••", "AWS environment (env)")] * 2
        endpoint = found["STAGEWRIGHT_S3_ENDPOINT"]
        assert (endpoint["value"], endpoint["origin"]) == ("nonsense", "AWS_ENDPOINT_URL")

        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        (home / "credentials").write_text(f"[team]\naws_access_key_id={SECRET}\naws_secret_access_key={SECRET}\n")
        monkeypatch.setenv("AWS_PROFILE", "team")
        assert {rows(code=3)[key]["origin"] for key in keys} == {"AWS profile team (shared-credentials-file)"}

        monkeypatch.setenv("AWS_PROFILE", "gone")
        fault = "The AWS settings cannot be used: The config profile (gone) could not be found"
        assert [(rows(code=3)[key]["value"], rows(code=3)[key]["fault"]) for key in keys] == [(None, fault)] * 2

        monkeypatch.setenv("STAGEWRIGHT_S3_ACCESS_KEY", SECRET)
        assert [rows(code=3)[key]["origin"] for key in keys] == ["environment", "default"]


class TestServer:
    def test_of_the_environment(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        (home / "profiles.toml").write_text(PROFILES)
        monkeypatch.setenv("PREFECT_API_URL", "http://me:word@127.0.0.1:9/api")
        row = rows(code=3)["PREFECT_API_URL"]
        assert (row["value"], row["origin"]) == (LOCAL, "environment")

    def test_of_a_prefect_profile(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        assert named_by_profile() is None
        (home / "profiles.toml").write_text(PROFILES)
        assert named_by_profile() == NamedByProfile("team", "https://me:word@prefect.example.com/api")
        row = rows()["PREFECT_API_URL"]
        assert row["value"] == "https://prefect.example.com/api"
        assert row["origin"] == "Prefect profile team (for flows.catalog and `prefect`, not for `stagewright`)"
        monkeypatch.setenv("PREFECT_PROFILE", "x")
        assert named_by_profile() is None
        (home / "profiles.toml").write_text("nonsense")
        assert rows()["PREFECT_API_URL"]["value"] is None

    def test_that_was_started_here(self, home: Path) -> None:
        (home / "home").mkdir()
        (home / "home" / "services.json").write_text(json.dumps({"prefect": {"api_url": LOCAL}}))
        row = rows()["PREFECT_API_URL"]
        assert (row["value"], row["origin"]) == (LOCAL, "local (services.json)")
        (home / "profiles.toml").write_text(PROFILES)
        assert rows()["PREFECT_API_URL"]["origin"] == (
            "local (services.json); Prefect profile team names https://prefect.example.com/api "
            "(for flows.catalog and `prefect`, not for `stagewright`)"
        )
