"""What goes with a stage to another process, and what does not."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from botocore.credentials import RefreshableCredentials

from flows.places import baggage
from flows.places.baggage import Baggage, pack
from stages.core import discovery

KEY, SECRET = "AKIDOFTHETEST", "a-secret-of-the-test"


@pytest.fixture(autouse=True)
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """This process's own, for a test: with an outside store, and much that is nobody else's business."""
    own = {
        "HOME": str(tmp_path),
        "PATH": "/usr/bin",
        "OPENAI_API_KEY": "another-secret",
        "PREFECT_API_KEY": "a-third-secret",
        "LD_PRELOAD": "/lib/own.so",
        "STAGEWRIGHT_HOME": str(tmp_path),
        "STAGEWRIGHT_S3_BUCKET": "films",
        "STAGEWRIGHT_STAGE_MODULES": "shop.stages",
        "AWS_ENDPOINT_URL": "https://store.example",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_EC2_METADATA_DISABLED": "true",
        "RAY_AUTH_TOKEN_PATH": "/token",
        "CUDA_VISIBLE_DEVICES": "3",
        "OMP_NUM_THREADS": "1",
    }
    with (
        patch.dict(os.environ, own, clear=True),
        patch.object(discovery, "_seen", set(discovery._seen)),  # there is no shop, and nobody else is to hear of it
        patch.object(discovery, "_faults", list(discovery._faults)),
    ):
        yield own


class TestPacked:
    def test_to_a_process_of_this_machine_goes_all_but_what_is_rays(self, environment: dict[str, str]) -> None:
        packed = pack(elsewhere=False)
        rays = {"RAY_AUTH_TOKEN_PATH", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS"}
        assert packed.environment == {name: value for name, value in os.environ.items() if name not in rays}
        assert packed.environment.items() >= {"HOME": environment["HOME"], "PATH": "/usr/bin"}.items()
        assert packed.path == tuple(sys.path)

    def test_to_another_machine_go_store_stages_and_prefects_server_only(self) -> None:
        assert pack(elsewhere=True).environment == {
            "STAGEWRIGHT_S3_BUCKET": "films",
            "STAGEWRIGHT_STAGE_MODULES": "shop.stages",
            "PREFECT_API_KEY": "a-third-secret",
            "AWS_ENDPOINT_URL": "https://store.example",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }

    def test_folders_of_plugins_go_as_they_are_from_anywhere(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("STAGEWRIGHT_PLUGINS", "., mine/yolo,/opt/plugins")
        packed = pack(elsewhere=False).environment["STAGEWRIGHT_PLUGINS"]
        assert packed == f"{tmp_path},{tmp_path}/mine/yolo,/opt/plugins"
        assert "STAGEWRIGHT_PLUGINS" not in pack(elsewhere=True).environment  # their code is sent

    def test_keys_of_a_file_go_as_well_and_the_file_does_not(self, tmp_path: Path) -> None:
        del os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
        file = tmp_path / "credentials"
        file.write_text(f"[default]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}\naws_session_token=t\n")
        os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(file)
        packed = pack(elsewhere=True).environment
        assert (packed["AWS_ACCESS_KEY_ID"], packed["AWS_SECRET_ACCESS_KEY"]) == (KEY, SECRET)
        assert packed["AWS_SESSION_TOKEN"] == "t"
        assert "AWS_SHARED_CREDENTIALS_FILE" not in packed

    def test_keys_that_expire_stay_here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = RefreshableCredentials(KEY, SECRET, "token", datetime(2999, 1, 1, tzinfo=UTC), lambda: {}, "role")
        monkeypatch.setattr("boto3.session.Session.get_credentials", lambda self: found)
        assert not {KEY, SECRET, "token"} & set(pack(elsewhere=True).environment.values())

    def test_without_keys_there_are_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("boto3.session.Session.get_credentials", lambda self: None)
        assert not [name for name in pack(elsewhere=True).environment if name.startswith("AWS_") and "KEY" in name]

    @pytest.mark.parametrize("elsewhere", [True, False])
    def test_keys_of_the_store_that_are_settings_go_as_such(
        self, monkeypatch: pytest.MonkeyPatch, elsewhere: bool
    ) -> None:
        monkeypatch.setenv("STAGEWRIGHT_S3_ACCESS_KEY", "OURS")
        monkeypatch.setenv("STAGEWRIGHT_S3_SECRET_KEY", "our-secret")
        packed = pack(elsewhere).environment
        assert (packed["STAGEWRIGHT_S3_ACCESS_KEY"], packed["STAGEWRIGHT_S3_SECRET_KEY"]) == ("OURS", "our-secret")

    def test_aws_settings_that_cannot_be_used_are_left_to_the_store_to_tell(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.setenv("AWS_PROFILE", "gone")
        assert "STAGEWRIGHT_S3_ACCESS_KEY" not in pack(elsewhere=False).environment

    @pytest.mark.parametrize("elsewhere", [True, False])
    def test_it_shows_itself_to_nobody_and_survives_the_journey(self, elsewhere: bool) -> None:
        packed = pack(elsewhere).with_secrets({"STAGEWRIGHT_VISION_KEY": SECRET})
        for text in (repr(packed), str(packed), f"{packed}"):
            assert SECRET not in text
            assert KEY not in text
            assert "films" not in text
        assert pickle.loads(pickle.dumps(packed)) == packed


class TestUnpacked:
    def test_the_process_is_the_jobs(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(sys, "path", ["/own"])
        monkeypatch.setattr(baggage, "open_blobs", lambda settings: settings.s3_bucket)
        baggage._opened.cache_clear()
        sent = Baggage({"STAGEWRIGHT_S3_BUCKET": "of-the-job"}, ("/own", str(tmp_path), str(tmp_path / "missing")))
        assert sent.unpack() == "of-the-job"
        assert os.environ["STAGEWRIGHT_S3_BUCKET"] == "of-the-job"
        assert os.environ["PATH"] == "/usr/bin"
        assert sys.path == ["/own", str(tmp_path)]
        baggage._opened.cache_clear()

    def test_secrets_of_a_stage_are_gone_when_the_next_one_comes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "path", ["/own"])
        monkeypatch.setattr(baggage, "open_blobs", lambda settings: settings.s3_bucket)
        sent = Baggage({"STAGEWRIGHT_S3_BUCKET": "of-the-job"})
        sent.with_secrets({"STAGEWRIGHT_VISION_KEY": SECRET}).unpack()
        assert os.environ["STAGEWRIGHT_VISION_KEY"] == SECRET
        sent.unpack()
        assert "STAGEWRIGHT_VISION_KEY" not in os.environ
        baggage._opened.cache_clear()
