"""Checkpoints: a stored result counts if it is whole, and not knowing is never a miss."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from stages.core.blobs import BlobStore, blob_key
from stages.core.checkpoints import Checkpoints, envelope_key
from stages.core.envelope import Envelope
from stages.core.errors import BlobDamaged, EnvelopeDamaged, StoreDenied, StoreUnreachable
from stages.core.scratch import ScratchStore
from tests.unit.harness import make_blobs

KEY = "read_text/0123456789.json"


class Failing(ScratchStore):
    """Fails as often as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[Exception] = []
        self.asked: list[str] = []

    def _at(self, key: str) -> bytes:
        self.asked.append(key)
        if self.faults:
            raise self.faults.pop(0)
        return super()._at(key)

    def put(self, key: str, data: bytes, media_type: str = "application/octet-stream") -> None:
        if self.faults:
            raise self.faults.pop(0)
        super().put(key, data, media_type)


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(Failing(), make_blobs(tmp_path).cache)


@pytest.fixture
def store(blobs: BlobStore) -> Failing:
    assert isinstance(blobs.store, Failing)
    return blobs.store


@pytest.fixture
def envelope(blobs: BlobStore, store: Failing) -> Envelope:
    """A stored result with three blobs."""
    refs = [blobs.put(content) for content in (b"one", b"two", b"three")]
    made = Envelope("read_text", "1", KEY, {}, {}, {}, blobs=refs, job="first-job")
    Checkpoints(blobs).keep(made)
    store.asked.clear()
    return made


def test_what_is_kept_is_found_by_the_next_run(blobs: BlobStore, store: Failing, envelope: Envelope) -> None:
    assert Checkpoints(blobs).find(KEY) == envelope
    assert store.objects[envelope_key(KEY)] == envelope.to_bytes()
    assert envelope_key(KEY) == "results/read_text/0123456789.json"


def test_what_was_never_made_is_a_miss(blobs: BlobStore) -> None:
    assert Checkpoints(blobs).find(KEY) is None


def test_an_envelope_is_read_once_a_run(blobs: BlobStore, store: Failing, envelope: Envelope) -> None:
    run = Checkpoints(blobs)
    assert run.find(KEY) is run.find(KEY)
    assert run.find("read_text/other.json") is run.find("read_text/other.json") is None
    assert store.asked.count(envelope_key(KEY)) == 1
    assert store.asked.count("results/read_text/other.json") == 1


def test_what_a_run_keeps_it_need_not_read(blobs: BlobStore, store: Failing, envelope: Envelope) -> None:
    run = Checkpoints(blobs)
    assert not run.kept_here(KEY)
    run.keep(envelope)
    assert run.kept_here(KEY)
    assert run.find(KEY) is envelope
    assert store.asked == []


@pytest.mark.parametrize("contents", [[], [b"one"], [b"one", b"two"]], ids=len)
def test_with_any_number_of_blobs(blobs: BlobStore, store: Failing, contents: list[bytes]) -> None:
    refs = [blobs.put(content) for content in contents]
    Checkpoints(blobs).keep(made := Envelope("read_text", "1", KEY, {}, {}, {}, blobs=refs))
    assert Checkpoints(blobs).find(KEY) == made
    for ref in refs:
        whole = store.objects.pop(blob_key(ref["blob"]))
        assert Checkpoints(blobs).find(KEY) is None
        store.objects[blob_key(ref["blob"])] = whole


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_a_hit_counts_only_with_all_its_blobs(
    blobs: BlobStore, store: Failing, envelope: Envelope, number: int, damage: str
) -> None:
    key = blob_key(envelope.blobs[number]["blob"])
    whole = store.objects.pop(key)
    if damage == "cut":
        store.objects[key] = whole[:-1]
    run = Checkpoints(blobs)
    assert run.find(KEY) is None
    assert not run.kept_here(KEY)
    store.objects[key] = whole
    assert Checkpoints(blobs).find(KEY) == envelope


def test_a_blob_found_damaged_when_it_is_read_is_a_miss_for_the_next_run(
    blobs: BlobStore, store: Failing, envelope: Envelope, tmp_path: Path
) -> None:
    class NoChecksums(Failing):
        def head(self, key: str):  # type: ignore[no-untyped-def]
            return replace(super().head(key), sha256=None)

    changed = NoChecksums()
    changed.objects = store.objects | {blob_key(envelope.blobs[0]["blob"]): b"0ne"}
    elsewhere = BlobStore(changed, make_blobs(tmp_path / "elsewhere").cache)
    assert Checkpoints(elsewhere).find(KEY) == envelope
    with pytest.raises(BlobDamaged):
        elsewhere.get(envelope.blobs[0])
    assert Checkpoints(elsewhere).find(KEY) is None


class TestNotKnowingIsNoMiss:
    def test_a_damaged_envelope(self, blobs: BlobStore, store: Failing, envelope: Envelope) -> None:
        store.objects[envelope_key(KEY)] = envelope.to_bytes().replace(b"first-job", b"other-job")
        run = Checkpoints(blobs)
        for _ in range(2):
            with pytest.raises(EnvelopeDamaged) as e:
                run.find(KEY)
        assert str(e.value) == (
            "The stored result s3://memory/results/read_text/0123456789.json does not match its own sum: it was "
            "changed or cut after it was written. Run again with --refresh and the stage's name to replace it."
        )
        assert store.asked.count(envelope_key(KEY)) == 1

    def test_an_envelope_in_the_place_of_another(self, blobs: BlobStore, store: Failing, envelope: Envelope) -> None:
        store.objects["results/read_text/other.json"] = envelope.to_bytes()
        with pytest.raises(EnvelopeDamaged) as e:
            Checkpoints(blobs).find("read_text/other.json")
        assert str(e.value) == (
            "The stored result s3://memory/results/read_text/other.json says that it belongs under "
            "read_text/0123456789.json."
        )

    def test_another_format(self, blobs: BlobStore, store: Failing, envelope: Envelope) -> None:
        store.objects[envelope_key(KEY)] = json.dumps({"format": 2}).encode()
        with pytest.raises(EnvelopeDamaged, match="has format 2; this version of Stagewright reads format 1"):
            Checkpoints(blobs).find(KEY)

    @pytest.mark.parametrize("looks", [0, 1, 3])
    def test_a_store_that_fails_at_any_of_the_looks(
        self, blobs: BlobStore, store: Failing, envelope: Envelope, looks: int
    ) -> None:
        """The first look is at the envelope, the others are at its blobs."""
        run = Checkpoints(blobs)
        at, dead = store._at, StoreUnreachable("The store does not answer.")

        def fail_later(key: str) -> bytes:
            if len(store.asked) >= looks:
                raise dead
            return at(key)

        store._at = fail_later  # type: ignore[method-assign]
        with pytest.raises(StoreUnreachable):
            run.find(KEY)
        assert not run.kept_here(KEY)

    def test_one_that_may_go_away_is_not_remembered(self, blobs: BlobStore, store: Failing, envelope: Envelope) -> None:
        run = Checkpoints(blobs)
        store.faults = [StoreUnreachable("The store does not answer.")]
        with pytest.raises(StoreUnreachable):
            run.find(KEY)
        assert run.find(KEY) == envelope

    def test_one_that_will_not_is(self, blobs: BlobStore, store: Failing, envelope: Envelope) -> None:
        run = Checkpoints(blobs)
        store.faults = [StoreDenied("The store refuses this key.")]
        for _ in range(2):
            with pytest.raises(StoreDenied):
                run.find(KEY)

    def test_a_write_that_fails_is_an_error_and_keeps_nothing(
        self, blobs: BlobStore, store: Failing, envelope: Envelope
    ) -> None:
        run, other = Checkpoints(blobs), replace(envelope, key="read_text/other.json")
        store.faults = [StoreDenied("The store refuses this key.")]
        with pytest.raises(StoreDenied):
            run.keep(other)
        assert not run.kept_here(other.key)
        assert run.find(other.key) is None


def test_an_envelope_can_be_read_without_a_look_at_its_blobs(
    blobs: BlobStore, store: Failing, envelope: Envelope
) -> None:
    for ref in envelope.blobs:
        del store.objects[blob_key(ref["blob"])]
    assert Checkpoints(blobs).read(KEY) == envelope
    assert Checkpoints(blobs).read("read_text/other.json") is None
