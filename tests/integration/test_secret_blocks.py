"""Secrets in blocks of a real Prefect server: who is given them, and when the server is asked for them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound

from flows import secret_blocks
from flows.connections import Connections
from flows.secret_blocks import block_name, read_block
from stages.core import discovery, registry
from stages.core.errors import ServiceUnreachable, UsageError
from tests.integration.driving import Toys, in_process
from tests.integration.prefect_side import ended, log_of

pytestmark = pytest.mark.integration

VARIABLE = "STAGEWRIGHT_VISION_KEY"
KEY = "sk-in-a-block-77c0ffee"
STORE_KEYS = {"STAGEWRIGHT_S3_ACCESS_KEY": "AWS_ACCESS_KEY_ID", "STAGEWRIGHT_S3_SECRET_KEY": "AWS_SECRET_ACCESS_KEY"}
PROFILE = "name: {name}\nlabel: Secrets\nstages: [toy_secret, toy_no_secret]\n"


@pytest.fixture(autouse=True)
def _nothing_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """No block; nor were this file's stages loaded, which are forgotten after each test."""
    monkeypatch.setattr(secret_blocks, "_read", {})
    monkeypatch.delitem(sys.modules, "tests.integration.secret_toys", raising=False)
    monkeypatch.setattr(registry, "_stages", dict(registry._stages))
    monkeypatch.setattr(discovery, "_seen", set(discovery._seen))


def digest(secret: str) -> str:
    """What stands for a secret that is not to be shown."""
    return hashlib.sha256(secret.encode()).hexdigest()


@pytest.fixture
def blocks(services: Connections) -> Iterator[None]:
    """The vision key, and nothing else yet; the server has no block afterwards."""
    Secret(value=KEY).save(block_name(VARIABLE), overwrite=True)
    yield
    with get_client(sync_client=True) as client:
        for name in (VARIABLE, *STORE_KEYS):
            with suppress(ObjectNotFound):
                client.delete_block_document(client.read_block_document_by_name(block_name(name), "secret").id)


@pytest.fixture
def secretive(toys: Toys, blocks: None, monkeypatch: pytest.MonkeyPatch) -> Toys:
    """Toys whose store's keys are in blocks, and nowhere else."""
    for ours, of_aws in STORE_KEYS.items():
        Secret(value=toys.environment.pop(of_aws)).save(block_name(ours), overwrite=True)
        monkeypatch.delenv(of_aws)
    more = {
        "AWS_EC2_METADATA_DISABLED": "true",  # else AWS's ways would be looked for for seconds
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
        "STAGEWRIGHT_STAGE_MODULES": "tests.integration.secret_toys",
    }
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    toys.environment |= more
    return toys


def run(toys: Toys, name: str, *more: str) -> dict[str, object]:
    toys.file.write_text(PROFILE.format(name=name))
    ran = in_process("run", str(toys.file), "--json", "--job-id", name, *more)
    assert ran.code == 0, ran.err + ran.out
    assert KEY not in ran.err + ran.out
    return dict(ran.json["outputs"])


@pytest.mark.parametrize("runner", ["threads", "ray"])
def test_a_stage_is_given_those_that_it_declares_and_the_store_its_keys(
    secretive: Toys, request: pytest.FixtureRequest, runner: str
) -> None:
    if runner == "ray":
        request.getfixturevalue("on_ray")
    name = f"secrets-{runner}"
    outputs = run(secretive, name, "--runner", runner)
    assert outputs == {"not_given": "none"}
    shown = in_process("show", name, "toy_secret", "--json").json
    assert shown["writes"]["given"]["value"] == digest(KEY)
    assert KEY not in json.dumps(shown)
    assert not any(KEY in line for line in log_of(ended(name, 2)))


def test_status_tells_which_are_in_blocks(secretive: Toys) -> None:
    told = in_process("status", "--json")
    assert told.code == 0, told.out
    found = {row["name"]: (row["value"], row["origin"]) for row in told.json["settings"]}
    for name in (VARIABLE, *STORE_KEYS):
        assert found[name] == ("••••", f"Prefect Secret block {block_name(name)}")
    assert told.json["services"][0]["state"] == "outside"
    assert not any(Secret.load(block_name(name)).get() in told.out for name in (VARIABLE, *STORE_KEYS))


def test_one_of_the_environment_is_taken_and_nobody_asked(
    toys: Toys, blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEWRIGHT_STAGE_MODULES", "tests.integration.secret_toys")
    monkeypatch.setenv(VARIABLE, "of-the-environment")
    assert run(toys, "secrets-environment") == {"not_given": digest("of-the-environment")}
    assert secret_blocks._read == {}


def test_a_run_that_needs_none_asks_for_none(toys: Toys, blocks: None) -> None:
    assert toys.run("--job-id", "secrets-none").code == 0
    assert secret_blocks._read == {}


def test_half_a_key_of_the_store_is_told(secretive: Toys) -> None:
    with get_client(sync_client=True) as client:
        lacking = block_name("STAGEWRIGHT_S3_SECRET_KEY")
        client.delete_block_document(client.read_block_document_by_name(lacking, "secret").id)
    ended = in_process("jobs")
    assert ended.code == 2
    assert ended.err == (
        "Error: The store's key is there, but not all of it: set STAGEWRIGHT_S3_SECRET_KEY, or save it as the Prefect "
        "Secret block 'stagewright-s3-secret-key'.\n"
    )


def test_a_process_that_prefect_starts_for_a_flow_finds_them(secretive: Toys) -> None:
    """As a worker would: the flow by its module, the server by the environment, and no command before."""
    (secretive.folder / "hidden.yaml").write_text(PROFILE.format(name="hidden"))
    code = "from flows import catalog; catalog.hidden(job_id='secrets-hidden')"
    environment = secretive.all(STAGEWRIGHT_PROFILES=str(secretive.folder))
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert KEY not in done.stdout + done.stderr
    shown = in_process("show", "secrets-hidden", "toy_secret", "--json").json
    assert shown["writes"]["given"]["value"] == digest(KEY)


class TestBlocks:
    def test_are_read_once(self, blocks: None, services: Connections) -> None:
        assert read_block(VARIABLE, None) == KEY
        Secret(value="another").save(block_name(VARIABLE), overwrite=True)
        assert read_block(VARIABLE, None) == KEY
        assert read_block("STAGEWRIGHT_NOTHING", None) is None

    @pytest.mark.parametrize("value", [{"a": 1}, 12, " ", ["x"]])
    def test_that_hold_no_text_are_told(self, blocks: None, value: object) -> None:
        Secret(value=value).save(block_name(VARIABLE), overwrite=True)
        with pytest.raises(UsageError) as e:
            read_block(VARIABLE, None)
        assert str(e.value) == "The Prefect Secret block 'stagewright-vision-key' must hold a text, and does not."

    def test_of_a_server_that_cannot_be_asked_are_no_missing_ones(self, services: Connections) -> None:
        endpoint = str(services.store.endpoint).replace("http://", "http://me:word@")  # which wants a key, too
        for server, fault in ((endpoint, "HTTP 403"), ("http://me:word@127.0.0.1:9", "ConnectError")):
            with pytest.raises(ServiceUnreachable) as e:
                secret_blocks._asked(f"{server}/api", "x")
            told = "The Prefect server at 127.0.0.1 cannot be asked for the Secret block 'x'"
            assert str(e.value) == f"{told} ({fault})."
