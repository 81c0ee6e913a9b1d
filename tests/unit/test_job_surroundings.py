"""What a Ray job of an executor is given where its cluster is not on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from flows.executors.calls import ActionCall
from flows.executors.job_stop import PATIENCE
from flows.executors.job_surroundings import Surroundings
from flows.executors.sent import SentCall
from stages.core.errors import UsageError
from stages.core.scratch import scratch_blobs
from tests.unit.word_actions import SayAction

URL = "http://head.example:8265"
NAMES = {
    "STAGEWRIGHT_S3_BUCKET": "films",
    "AWS_ENDPOINT_URL": "https://store.example",
    "AWS_REGION": "eu-central-1",
    "PREFECT_API_URL": "https://prefect.example/api",
}
OWN = {
    "STAGEWRIGHT_S3_SECRET_KEY": "of-the-store",
    "STAGEWRIGHT_VISION_KEY": "of-an-endpoint",
    "STAGEWRIGHT_PLUGINS": "/opt/plugins",
    "AWS_ACCESS_KEY_ID": "of-aws",
    "AWS_SECRET_ACCESS_KEY": "of-aws-too",
    "PREFECT_API_KEY": "of-prefect",
    "PREFECT_API_AUTH_STRING": "admin:of-prefect",
    "PATH": "/usr/bin",
}


@pytest.fixture(autouse=True)
def environment(tmp_path: Path) -> Iterator[None]:
    """This process's own, for a test."""
    with patch.dict(os.environ, {"STAGEWRIGHT_HOME": str(tmp_path), **NAMES, **OWN}, clear=True):
        yield


def given() -> dict[str, str]:
    """The variables that a job is given beside its call."""
    call = ActionCall.of(SayAction, None, None, scratch_blobs(), "say-1")
    made = Surroundings.of(URL, None, None).runtime_env(SentCall.of(call, "say-1"))
    return {name: value for name, value in made["env_vars"].items() if name != "STAGEWRIGHT_CALL"}


def test_store_and_servers_are_named_to_it_and_no_key_is() -> None:
    assert given() == {**NAMES, **PATIENCE, "RAY_API_SERVER_ADDRESS": URL}


def test_an_address_with_a_password_is_not() -> None:
    os.environ["PREFECT_API_URL"] = "https://admin:secret@prefect.example/api"
    assert given().keys() == (NAMES.keys() - {"PREFECT_API_URL"}) | PATIENCE.keys() | {"RAY_API_SERVER_ADDRESS"}


@pytest.mark.parametrize(
    ("variable", "what"), [("AWS_ENDPOINT_URL", "The object store"), ("PREFECT_API_URL", "The Prefect server")]
)
def test_what_only_this_machine_reaches_is_refused(variable: str, what: str) -> None:
    Surroundings.of(URL, None, None).check()
    os.environ[variable] = "http://u:secret@127.0.0.1:4200"
    told = f"{what} is at http://127.0.0.1:4200, which only this machine can reach; the cluster at {URL} has other"
    with pytest.raises(UsageError, match=told):
        Surroundings.of(URL, None, None).check()
    Surroundings.of("http://127.0.0.1:8265", None, None).check()


def test_a_cluster_elsewhere_does_without_any_of_them(tmp_path: Path) -> None:
    with patch.dict(os.environ, {"STAGEWRIGHT_HOME": str(tmp_path)}, clear=True):
        Surroundings.of(URL, None, None).check()
