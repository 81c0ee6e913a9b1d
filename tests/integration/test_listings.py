"""Lists of settings that lie in a file on S3 or in a Prefect variable."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import VariableCreate, VariableUpdate

from stages.core.objects import ObjectStore
from tests.integration.driving import Ended, Toys, in_process

PROFILE = """
name: listed
stages:
  - toy_source: {n: 3}
  - toy_listed: {words: [shore]}
"""


@pytest.fixture
def client(toys: Toys) -> Iterator[SyncPrefectClient]:
    toys.profile = PROFILE
    with get_client(sync_client=True) as found:
        yield found


def _run(toys: Toys, *words: str) -> Ended:
    listed = ", ".join(f'"{word}"' for word in words)
    return toys.run("--set", f"toy_listed.words=[{listed}]")


def _words(ended: Ended) -> list[str]:
    assert ended.code == 0, ended.err
    found: list[str] = ended.json["outputs"]["words"]
    return found


def test_what_they_hold_stands_in_their_place_and_decides_what_runs(
    toys: Toys, client: SyncPrefectClient, store: ObjectStore
) -> None:
    store.put("lists/words.txt", "\ufeff# of summer\nsun\n\n  sea \n".encode(), "text/plain")
    store.put("lists/MORE.JSON", b'["sun", "salt"]', "application/json")
    client.create_variable(VariableCreate(name="listed_season", value="sand\nsun"))
    given = ("shore", f"@{store.address.url}lists/words.txt", "@variable:listed_season")
    first = _run(toys, *given, f"@{store.address.url}lists/MORE.JSON")
    assert _words(first) == ["shore", "sun", "sea", "sand", "salt"]
    [told] = [stage["key"] for stage in first.json["stages"] if stage["id"] == "toy_listed"]
    assert _run(toys, "shore", "sun", "sea", "sand", "salt").json["stages"][1]["key"] == told

    _words(_run(toys, *given))
    assert _run(toys, *given).statuses == {"toy_source": "kept", "toy_listed": "kept"}
    client.update_variable(VariableUpdate(name="listed_season", value=["wind"]))
    changed = _run(toys, *given)
    assert _words(changed) == ["shore", "sun", "sea", "wind"]
    assert changed.statuses == {"toy_source": "kept", "toy_listed": "ran"}


def test_plan_reads_them_too(toys: Toys, client: SyncPrefectClient) -> None:
    client.create_variable(VariableCreate(name="listed_plan", value=["a", "b"]))
    toys.file.write_text(PROFILE.replace("[shore]", '["@variable:listed_plan"]'))
    in_process("run", str(toys.file))
    planned = in_process("plan", str(toys.file), "--kept", "--json").json["forecast"]
    assert [stage["status"] for stage in planned] == ["kept", "kept"]
    assert in_process("validate", str(toys.file)).code == 0  # which asks nobody


def test_of_a_stage_that_is_off_nothing_is_read(toys: Toys, client: SyncPrefectClient) -> None:
    done = toys.run("--set", 'toy_listed.words=["@variable:nowhere"]', "--disable", "toy_listed")
    assert (done.code, done.statuses["toy_listed"]) == (0, "skipped")


@pytest.mark.parametrize(
    ("word", "told"),
    [
        (
            "@variable:nowhere",
            "toy_listed.words: the Prefect server has no variable 'nowhere'. Make it: prefect variable",
        ),
        ("@s3://{bucket}/nowhere.txt", "s3://{bucket}/nowhere.txt is not there."),
        ("@s3://{bucket}/{prefix}empty.txt", "toy_listed.words: @s3://{bucket}/{prefix}empty.txt holds no text"),
        (
            "@s3://{bucket}/{prefix}film.txt",
            "toy_listed.words: s3://{bucket}/{prefix}film.txt cannot be read as a list",
        ),
        ("@s3://{bucket}/{prefix}map.json", "holds a mapping, expected a list of texts"),
        ("@s3://{bucket}/{prefix}numbers.json", "holds [1, 2], expected a list of texts"),
        ("@s3://{bucket}/{prefix}large.txt", "large.txt has more bytes than a list may have (1,048,576)."),
        (
            "@s3://{bucket}/{prefix}lists.txt",
            "toy_listed.words: line 3 of s3://{bucket}/{prefix}lists.txt is '@variable:more', and a list names",
        ),
        (
            "@s3://{bucket}/{prefix}lists.json",
            "toy_listed.words: entry 2 of s3://{bucket}/{prefix}lists.json is '@more', and a list names no other list.",
        ),
    ],
)
def test_one_that_cannot_be_read_is_named(
    toys: Toys, client: SyncPrefectClient, store: ObjectStore, word: str, told: str
) -> None:
    contents = {
        "empty.txt": b"# nothing\n",
        "film.txt": b"\xff\xfe\x00\x80",
        "map.json": b'{"a": 1}',
        "numbers.json": b"[1, 2]",
        "large.txt": b"a" * ((1 << 20) + 1),
        "lists.txt": b"# more\nsun\n @variable:more\n",
        "lists.json": b'["sun", "@more"]',
    }
    for name, data in contents.items():
        if name in word:
            store.put(name, data)
    place = {"bucket": store.address.bucket, "prefix": store.address.prefix}
    refused = _run(toys, word.format(**place))
    assert refused.code != 0
    assert told.format(**place) in refused.json["error"]


def test_a_text_may_begin_with_an_at_sign(toys: Toys, client: SyncPrefectClient) -> None:
    assert _words(_run(toys, "@shore")) == ["@shore"]
