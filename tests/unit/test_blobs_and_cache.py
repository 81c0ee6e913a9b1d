"""Blobs: what is got is what was put, whatever happened to store, cache or disk in between."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import blobs as current_blobs
from stages.core.blobs import BlobRef, BlobStore, blob_key, recording, refs_in, using
from stages.core.cache import BlobCache
from stages.core.digests import digest_of
from stages.core.errors import BlobDamaged
from stages.core.objects import ObjectHead
from stages.core.scratch import ScratchStore

DATA = b"twelve bytes"


class Counting(ScratchStore):
    """Counts what is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.gets = 0

    def get(self, key: str, start: int | None = None, size: int | None = None) -> bytes:
        self.gets += 1
        return super().get(key, start, size)


@pytest.fixture
def store() -> Counting:
    return Counting()


@pytest.fixture
def kept(store: Counting, tmp_path: Path) -> BlobStore:
    return BlobStore(store, BlobCache(tmp_path / "here", 1 << 20))


@pytest.fixture
def elsewhere(store: Counting, tmp_path: Path) -> BlobStore:
    """The same store, from a machine that has nothing in its cache."""
    return BlobStore(store, BlobCache(tmp_path / "elsewhere", 1 << 20))


class TestPutAndGet:
    def test_a_reference_says_what_it_refers_to(self, kept: BlobStore, store: Counting) -> None:
        ref = kept.put(DATA, "text/plain")
        assert ref == {"blob": digest_of(DATA), "size": 12, "media_type": "text/plain"}
        assert store.objects == {"blobs/sha256/" + digest_of(DATA).removeprefix("sha256:"): DATA}

    def test_what_was_put_is_got_whole_or_in_part(self, kept: BlobStore, elsewhere: BlobStore) -> None:
        ref = kept.put(DATA)
        for blobs in (kept, elsewhere, elsewhere):
            assert blobs.get(ref) == DATA
            assert blobs.read(ref, 7, 4) == b"byte"
            assert blobs.read(ref, 7, 500) == b"bytes"
            assert blobs.read(ref, 12, 1) == b""

    def test_an_empty_blob(self, kept: BlobStore, elsewhere: BlobStore) -> None:
        assert elsewhere.get(kept.put(b"")) == b""

    def test_a_blob_is_fetched_once(self, kept: BlobStore, elsewhere: BlobStore, store: Counting) -> None:
        ref = kept.put(DATA)
        assert kept.get(ref) == DATA
        assert store.gets == 0
        assert elsewhere.read(ref, 0, 3) == b"twe"
        assert elsewhere.get(ref) == DATA
        assert store.gets == 1

    def test_without_a_cache_to_write_to_it_is_fetched_each_time(self, store: Counting, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"in the way of a folder")
        blobs = BlobStore(store, BlobCache(tmp_path / "file", 1 << 20))
        ref = blobs.put(DATA)
        assert [blobs.get(ref), blobs.get(ref)] == [DATA, DATA]
        assert store.gets == 2

    def test_putting_again_heals_a_damaged_blob(self, kept: BlobStore, elsewhere: BlobStore, store: Counting) -> None:
        ref = kept.put(DATA)
        store.objects[blob_key(ref["blob"])] = b"twelve bytez"
        kept.put(DATA)
        assert elsewhere.get(ref) == DATA


class TestDamage:
    def test_a_changed_blob_is_noticed_and_dropped(
        self, kept: BlobStore, elsewhere: BlobStore, store: Counting
    ) -> None:
        ref = kept.put(DATA)
        key = blob_key(ref["blob"])
        store.objects[key] = b"twelve bytez"
        with pytest.raises(BlobDamaged) as e:
            elsewhere.get(ref)
        assert str(e.value) == (
            f"s3://memory/{key} holds 12 bytes that are not those that were written (12 bytes). "
            "The checkpoints that refer to it are dropped; run again to make them anew."
        )
        assert e.value.context == {"uri": f"s3://memory/{key}", "digest": ref["blob"]}
        assert not elsewhere.is_whole(ref)
        assert key not in store.objects
        assert elsewhere.cache.read(ref["blob"]) is None

    def test_one_that_is_gone(self, kept: BlobStore, elsewhere: BlobStore, store: Counting) -> None:
        ref = kept.put(DATA)
        store.objects.clear()
        with pytest.raises(BlobDamaged, match=f"{blob_key(ref['blob'])} is gone[.] The checkpoints that refer to it"):
            elsewhere.get(ref)

    def test_a_fault_on_the_way_does_not_condemn_it(self, kept: BlobStore, elsewhere: BlobStore) -> None:
        ref = kept.put(DATA)
        answers = [DATA[:5], DATA]
        elsewhere.store.get = lambda key: answers.pop(0)  # type: ignore[method-assign, assignment, misc]
        assert elsewhere.get(ref) == DATA

    def test_a_cached_file_that_was_cut_is_fetched_anew(self, kept: BlobStore, store: Counting) -> None:
        ref = kept.put(DATA)
        kept.cache.path(ref["blob"]).write_bytes(DATA[:5])
        assert kept.read(ref, 0, 3) == b"twe"
        assert store.gets == 1
        assert kept.cache.read(ref["blob"]) == DATA

    @pytest.mark.parametrize(
        ("head", "whole"),
        [
            (ObjectHead(12, "etag", digest_of(DATA).removeprefix("sha256:")), True),
            (ObjectHead(12, "etag", None), True),
            (ObjectHead(12, "etag", "0" * 64), False),
            (ObjectHead(11, "etag", None), False),
        ],
    )
    def test_whole_is_what_the_store_says_is_there(self, kept: BlobStore, head: ObjectHead, whole: bool) -> None:
        ref = kept.put(DATA)
        kept.store.head = lambda key: head  # type: ignore[method-assign]
        assert kept.is_whole(ref) is whole


REF: BlobRef = {"blob": digest_of(DATA), "size": 12, "media_type": "text/plain"}


class TestReferences:
    def test_are_found_wherever_they_stand(self) -> None:
        other: BlobRef = {**REF, "media_type": "image/jpeg"}
        assert list(refs_in({"a": [1, {"b": REF}], "c": other, "d": None})) == [REF, other]

    @pytest.mark.parametrize(
        "lookalike",
        [
            {**REF, "blob": "sha256:12"},
            {**REF, "blob": "../../etc"},
            {**REF, "size": "12"},
            {**REF, "size": True},
            {**REF, "name": "x"},
            {"blob": digest_of(DATA), "size": 12},
        ],
    )
    def test_what_only_looks_like_one_is_none(self, lookalike: dict[str, object]) -> None:
        assert list(refs_in([lookalike])) == []

    @pytest.mark.parametrize("digest", ["sha256:../../secret", "/etc/hostname", "sha256:" + "A" * 64])
    def test_one_that_would_lead_elsewhere_is_not_followed(self, kept: BlobStore, tmp_path: Path, digest: str) -> None:
        (tmp_path / "secret").write_bytes(DATA)
        with pytest.raises(BlobDamaged) as e:
            kept.get({**REF, "blob": digest})
        assert str(e.value) == f"{digest!r} is no digest of a blob (sha256: and 64 hex digits)."

    def test_those_that_are_made_can_be_recorded(self, kept: BlobStore) -> None:
        kept.put(b"before")
        with recording() as refs:
            first = kept.put(b"first")
            with recording() as inner:
                second = kept.put(b"second")
        kept.put(b"after")
        assert refs == [first]
        assert inner == [second]


class TestCurrentStore:
    def test_is_the_one_in_use_in_this_context(self, kept: BlobStore, elsewhere: BlobStore) -> None:
        with using(kept):
            assert current_blobs() is kept
            with using(elsewhere):
                assert current_blobs() is elsewhere
            assert current_blobs() is kept

    def test_goes_to_threads_with_the_context(self, kept: BlobStore) -> None:
        with using(kept), ThreadPoolExecutor(1) as pool:
            assert pool.submit(copy_context().run, current_blobs).result() is kept


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def total(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


contents = st.sampled_from([b"", b"ab", bytes(range(10)), b"b" * 20, b"c" * 20, b"d" * 21, b"e" * 50])
steps = st.lists(st.tuples(st.sampled_from(["write", "read", "part", "drop", "cut", "restart"]), contents), max_size=40)


class TestCache:
    @given(steps=steps, limit=st.integers(0, 100))
    @settings(max_examples=60)
    def test_serves_nothing_but_what_was_written_and_stays_under_its_limit(
        self, steps: list[tuple[str, bytes]], limit: int
    ) -> None:
        with folder() as path:
            cache = BlobCache(path, limit)
            for step, data in steps:
                digest = digest_of(data)
                if step == "write":
                    cache.write(digest, data)
                elif step == "read":
                    assert cache.read(digest) in (None, data)
                elif step == "part":
                    assert cache.read(digest, 3, 4) in (None, data[3:7])
                elif step == "drop":
                    cache.drop(digest)
                    assert cache.read(digest) is None
                elif step == "restart":
                    cache = BlobCache(path, limit)
                assert total(path) <= limit

    def test_what_is_dropped_is_gone(self, tmp_path: Path) -> None:
        cache = BlobCache(tmp_path, 100)
        cache.write(digest_of(DATA), DATA)
        assert cache.read(digest_of(DATA)) == DATA
        cache.drop(digest_of(DATA))
        cache.drop(digest_of(DATA))
        assert cache.read(digest_of(DATA)) is None

    def test_the_least_recently_used_go_first_down_to_nine_tenths(self, tmp_path: Path) -> None:
        cache = BlobCache(tmp_path, 100)
        parts = [bytes([number]) * 20 for number in range(5)]
        for age, part in enumerate(reversed(parts)):
            cache.write(digest_of(part), part)
            os.utime(cache.path(digest_of(part)), (1000 + age, 1000 + age))
        cache.read(digest_of(parts[4]))  # the oldest is used again
        cache.write(digest_of(b"new"), b"new")
        held = [cache.read(digest_of(part)) is not None for part in parts]
        assert held == [True, True, True, False, True]
        assert total(tmp_path) == 83

    def test_a_blob_larger_than_the_limit_is_not_kept_and_drives_nothing_out(self, tmp_path: Path) -> None:
        cache = BlobCache(tmp_path, 10)
        cache.write(digest_of(b"small"), b"small")
        cache.write(digest_of(DATA), DATA)
        assert cache.read(digest_of(DATA)) is None
        assert cache.read(digest_of(b"small")) == b"small"

    def test_what_other_processes_write_counts_too(self, tmp_path: Path) -> None:
        """Each looks at the folder again after a twentieth of the limit."""
        first, second = BlobCache(tmp_path, 1000), BlobCache(tmp_path, 1000)
        for number in range(60):
            for cache in (first, second):
                data = f"{number:04}-{id(cache):040}".encode()
                cache.write(digest_of(data), data)
                assert total(tmp_path) <= 1000 + 2 * 50

    def test_threads_that_write_and_read_see_whole_blobs(self, tmp_path: Path) -> None:
        cache = BlobCache(tmp_path, 40_000)
        blobs = [bytes([number]) * 5000 for number in range(16)]

        def work(turn: int) -> bool:
            data = blobs[(turn * 7) % 16]
            cache.write(digest_of(data), data)
            return cache.read(digest_of(data)) in (None, data)

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(work, range(300)))
        assert total(tmp_path) <= 40_000

    def test_a_full_disk_is_no_error_and_leaves_nothing_behind(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*args: object) -> None:
            raise OSError(28, "No space left on device")

        cache = BlobCache(tmp_path, 1000)
        monkeypatch.setattr(os, "replace", full)
        cache.write(digest_of(DATA), DATA)
        assert cache.read(digest_of(DATA)) is None
        assert total(tmp_path) == 0
