"""Memos: small JSON that outlives jobs, and on which nothing depends."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import Memo, memo
from stages.core.blobs import using
from stages.core.errors import ContractError, StoreUnreachable
from stages.core.scratch import ScratchStore
from tests.unit.harness import make_blobs

KEY = {"crop": "sha256:12", "model": "m", "question": ["a", "b"]}


@pytest.fixture
def store() -> ScratchStore:
    return ScratchStore()


def test_what_is_kept_is_found_by_its_key(store: ScratchStore) -> None:
    kept = Memo(store, "vision")
    assert kept.get(KEY) is None
    kept.put(KEY, {"brand": "NORDVIK"})
    assert Memo(store, "vision").get(dict(reversed(KEY.items()))) == {"brand": "NORDVIK"}
    assert kept.get({**KEY, "model": "n"}) is None
    assert Memo(store, "other").get(KEY) is None
    [where] = store.objects
    assert re.fullmatch("cache/vision/[0-9a-f]{64}[.]json", where)
    assert json.loads(store.objects[where])["key"] == KEY


def test_the_last_one_counts(store: ScratchStore) -> None:
    kept = Memo(store, "vision")
    kept.put(KEY, 1)
    kept.put(KEY, 2)
    assert kept.get(KEY) == 2


json_values = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text("aé☃\n\"'", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, json_values)
def test_any_json_comes_back(key: Any, value: Any) -> None:
    kept = Memo(ScratchStore(), "vision")
    kept.put(key, value)
    assert kept.get(key) == value


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"null", b"\xff", b'{"format": 2}', b"[" * 100_000])
def test_one_that_is_damaged_counts_as_none_and_can_be_replaced(store: ScratchStore, damage: bytes) -> None:
    kept = Memo(store, "vision")
    store.objects[kept.where(KEY)] = damage
    assert kept.get(KEY) is None
    kept.put(KEY, "anew")
    assert kept.get(KEY) == "anew"


def test_one_that_was_changed_counts_as_none(store: ScratchStore) -> None:
    kept = Memo(store, "vision")
    kept.put(KEY, "NORDVIK")
    where = kept.where(KEY)
    whole = store.objects[where]
    store.objects[where] = whole.replace(b"NORDVIK", b"LUMORA!")
    assert kept.get(KEY) is None
    store.objects[kept.where("another key")] = whole
    assert kept.get("another key") is None


def test_a_store_that_does_not_answer_is_no_miss(store: ScratchStore) -> None:
    def down(*args: object) -> bytes:
        raise StoreUnreachable("down")

    store.get = down  # type: ignore[method-assign]
    with pytest.raises(StoreUnreachable):
        Memo(store, "vision").get(KEY)


@pytest.mark.parametrize("area", ["", "../jobs", "a/b", "Vision", "a" * 41])
def test_an_area_cannot_lead_elsewhere(store: ScratchStore, area: str) -> None:
    with pytest.raises(ContractError, match="area is a word"):
        Memo(store, area)


def test_a_stage_has_those_of_its_store(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    with using(blobs):
        memo("vision").put(KEY, 1)
    assert Memo(blobs.store, "vision").get(KEY) == 1
    with pytest.raises(ContractError, match="only there inside a stage"):
        memo("vision")
