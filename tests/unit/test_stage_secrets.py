"""Secrets on their way: to the stages that declare them, and to the store where it has no keys the AWS ways."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from prefect.context import refresh_global_settings_context

from flows.connections import outside_store
from flows.places.secrets import secrets_of
from flows.secret_blocks import block_name
from flows.settings import read_settings
from stages.brands import escalate
from stages.core.definition import StageDefinition, StageIO
from stages.core.errors import DefinitionError
from stages.core.registry import register_stage
from stages.core.store_address import StoreAddress, with_keys
from stages.core.store_client import connect

VARIABLE = "STAGEWRIGHT_VISION_KEY"
OURS = ("OURS", "our-secret")
THEIRS = ("THEIRS", "their-secret")


@pytest.fixture(autouse=True)
def _nothing_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("STAGEWRIGHT_", "PREFECT_", "AWS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("STAGEWRIGHT_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    refresh_global_settings_context()  # else a server that the tests of another file run on is asked


def define(*secrets: str) -> StageDefinition:
    return StageDefinition("ask", "Ask", "", StageIO([], ["answer"]), fn=lambda state: {"answer": 1}, secrets=secrets)


def use_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), THEIRS, strict=True):
        monkeypatch.setenv(name, value)


class TestOfAStage:
    def test_are_those_that_it_declares(self) -> None:
        env = {VARIABLE: "sk", "SHOP_KEY": "shop", "PATH": "/bin"}
        assert secrets_of(define(), env) == {}
        assert secrets_of(define(VARIABLE, "SHOP_KEY"), env) == {VARIABLE: "sk", "SHOP_KEY": "shop"}
        assert escalate.definition.secrets == (VARIABLE,)

    def test_have_blocks_of_their_names(self) -> None:
        assert [block_name(name) for name in (VARIABLE, "SHOP_KEY")] == ["stagewright-vision-key", "shop-key"]

    @pytest.mark.usefixtures("own_stages")
    @pytest.mark.parametrize("wrong", [VARIABLE, ["vision key"], ["../x"], [""]], ids=str)
    def test_that_are_no_variables_are_refused(self, wrong: object) -> None:
        definition = define()
        object.__setattr__(definition, "secrets", wrong)
        with pytest.raises(DefinitionError) as e:
            register_stage(definition)
        assert str(e.value) == (
            f"Stage 'ask': secrets is a list of variables such as STAGEWRIGHT_VISION_KEY; it is {wrong!r}."
        )


class TestOfTheStore:
    def test_of_settings_come_before_those_of_aws(self, monkeypatch: pytest.MonkeyPatch) -> None:
        use_theirs(monkeypatch)
        monkeypatch.setenv("STAGEWRIGHT_S3_BUCKET", "media")
        assert self.signs(outside_store(read_settings())) == THEIRS
        for field, value in zip(("ACCESS", "SECRET"), OURS, strict=True):
            monkeypatch.setenv(f"STAGEWRIGHT_S3_{field}_KEY", value)
        address = outside_store(read_settings())
        assert self.signs(address) == OURS
        assert OURS[1] not in repr(address)

    def test_that_are_given_leave_the_other_settings_of_aws_as_they_are(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        outside = StoreAddress("media", access_key="k", secret_key="s", lookup=lambda: None)
        assert connect(outside).meta.region_name == "eu-central-1"
        local = StoreAddress("media", endpoint="http://127.0.0.1:9", access_key="k", secret_key="s")
        assert connect(local).meta.region_name == "us-east-1"

    def test_are_looked_up_only_where_aws_gives_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        looked_up: list[str] = []
        address = StoreAddress("media", lookup=lambda: looked_up.append("once") or OURS)  # type: ignore[func-returns-value]
        assert self.signs(address) == OURS
        assert looked_up == ["once"]
        use_theirs(monkeypatch)
        assert self.signs(address) == THEIRS
        assert with_keys(address) == address
        assert looked_up == ["once"]

    def test_of_which_there_is_half_are_looked_up_whatever_aws_gives(self, monkeypatch: pytest.MonkeyPatch) -> None:
        use_theirs(monkeypatch)
        assert self.signs(StoreAddress("media", access_key=OURS[0], lookup=lambda: OURS)) == OURS

    def test_that_are_nowhere_are_left_to_the_store_to_tell(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STAGEWRIGHT_S3_BUCKET", "media")
        address = outside_store(read_settings())
        assert address is not None
        assert with_keys(address).access_key is None

    @staticmethod
    def signs(address: StoreAddress | None) -> tuple[str, str]:
        """The keys of a client for it."""
        assert address is not None
        found = connect(address)._request_signer._credentials
        return found.access_key, found.secret_key
