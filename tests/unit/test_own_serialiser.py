"""A stage that serialises its result itself: what its two functions are given, and what becomes of what they give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages import StageDefinition, StageIO, blobs
from stages.core.blobs import blob_key
from stages.core.digests import digest_of
from stages.core.envelope import Envelope
from stages.core.errors import EncodeError, StageFailed, StagewrightError
from stages.core.results import StageResult
from tests.unit.harness import make_blobs, run_stage
from tests.unit.workshop import Workshop


def write_own(state: dict[str, Any], job_id: str) -> dict[str, Any]:
    image = blobs().put(state["found"].encode(), "text/plain")
    return {"text": image, "read": state["numbers"], "elsewhere": "s3://other/bucket", "pair": (1, 2)}


def read_own(data: dict[str, Any], job_id: str) -> dict[str, Any]:
    data["pair"].append(job_id)
    return {"found": blobs().get(data["text"]).decode(), "count": data["pair"]}


def define(write: Any = write_own, read: Any = read_own) -> StageDefinition:
    io = StageIO(["numbers"], ["found", "count"])
    fn = {"fn": lambda state: {"found": "Nord", "count": 1}}
    return StageDefinition("look", "Look", "", io, **fn, serialize_fn=write, deserialize_fn=read)


def fault(kind: type[StagewrightError], definition: StageDefinition, tmp_path: Path) -> StagewrightError:
    with pytest.raises(kind) as e:
        run_stage(definition, {}, {"numbers": [1]}, tmp_path)
    assert e.value.context["stage"] == "look"
    return e.value


class TestGiven:
    def test_gives_back_what_it_reads_itself(self, tmp_path: Path) -> None:
        writes, envelope = run_stage(define(), {}, {"numbers": [1]}, tmp_path)
        assert writes == {"found": "Nord", "count": [1, 2, "test-job"]}
        assert envelope.own is not None
        assert envelope.own["read"] == [1]
        assert envelope.own["elsewhere"] == "s3://other/bucket"

    def test_what_one_reading_does_to_the_data_no_other_sees(self, tmp_path: Path) -> None:
        store = make_blobs(tmp_path)
        _, envelope = run_stage(define(), {}, {"numbers": [1]}, tmp_path, store)
        handle = StageResult(envelope, define()).value("count")
        assert handle.read(store) == handle.read(store) == [1, 2, "test-job"]

    def test_is_read_with_the_id_of_the_job_that_wrote(self, tmp_path: Path) -> None:
        store = make_blobs(tmp_path)
        _, envelope = run_stage(define(), {}, {"numbers": [1]}, tmp_path, store)
        kept = replace(Envelope.from_bytes(envelope.to_bytes(), "here"), job="an-earlier-job")
        assert StageResult(kept, define()).value("count").read(store)[-1] == "an-earlier-job"

    def test_has_its_blobs_recorded(self, tmp_path: Path) -> None:
        store = make_blobs(tmp_path)
        _, envelope = run_stage(define(), {}, {"numbers": [1]}, tmp_path, store)
        assert envelope.blobs == [{"blob": digest_of(b"Nord"), "size": 4, "media_type": "text/plain"}]
        assert blob_key(digest_of(b"Nord")) in store.store.objects  # type: ignore[attr-defined]

    def test_also_one_that_it_does_not_mention_and_one_that_it_did_not_make(self, tmp_path: Path) -> None:
        store = make_blobs(tmp_path)
        earlier = store.put(b"earlier")

        def write(state: dict[str, Any], job_id: str) -> dict[str, Any]:
            blobs().put(b"unmentioned")
            return {"earlier": earlier}

        _, envelope = run_stage(
            replace(define(write, lambda data, job_id: {"found": 1, "count": 1})),
            {},
            {"numbers": 1},
            tmp_path,
            store,
        )
        assert [ref["blob"] for ref in envelope.blobs] == [digest_of(b"unmentioned"), digest_of(b"earlier")]

    def test_every_write_changes_with_what_was_written(self, tmp_path: Path) -> None:
        first, again, other = (
            run_stage(define(), {}, {"numbers": numbers}, tmp_path)[1].writes for numbers in ([1], [1], [2])
        )
        assert first == again
        assert all(first[key].digest != other[key].digest for key in ("found", "count"))
        assert first["found"].digest != first["count"].digest

    @pytest.mark.parametrize(
        ("write", "problem"),
        [
            (lambda state, job_id: {"a": {1}}, "failed or gave what is not JSON: TypeError: Object of type set is not"),
            (lambda state, job_id: {"a": float("nan")}, "failed or gave what is not JSON: ValueError: Out of range"),
            (lambda state, job_id: state["nothing"], "failed or gave what is not JSON: KeyError: 'nothing'"),
            (lambda state, job_id: [1], "must give a dict; it gave list."),
        ],
    )
    def test_may_fail_to_write(self, write: Any, problem: str, tmp_path: Path) -> None:
        error = fault(EncodeError, define(write), tmp_path)
        assert str(error).startswith(f"Stage 'look': its serialize_fn {problem}")

    def test_may_fail_to_read(self, tmp_path: Path) -> None:
        error = fault(StageFailed, define(read=lambda data, job_id: data["nothing"]), tmp_path)
        assert str(error).startswith("Stage 'look': its deserialize_fn failed on look/")
        assert str(error).endswith(".json: KeyError: 'nothing'")

    def test_may_leave_something_out(self, tmp_path: Path) -> None:
        error = fault(StageFailed, define(read=lambda data, job_id: {"found": 1}), tmp_path)
        assert str(error) == "Stage 'look': its deserialize_fn gave no 'count'; it gave ['found']."
        assert error.context["key"] == "count"


class TestDigest:
    """A reader gets what `deserialize_fn` makes of the JSON: other code, other stage, other value."""

    def digests(self, definition: StageDefinition, tmp_path: Path) -> dict[str, str]:
        _, envelope = run_stage(definition, {}, {"numbers": [1]}, tmp_path)
        return {key: value.digest for key, value in envelope.writes.items()}

    def test_the_same_json_of_another_stage_is_another_value(self, tmp_path: Path) -> None:
        first, other = define(), replace(define(), name="look_too")
        assert self.digests(first, tmp_path / "1") == self.digests(first, tmp_path / "2")
        assert not set(self.digests(first, tmp_path / "3").values()) & set(self.digests(other, tmp_path / "4").values())

    def test_the_code_that_reads_it_counts(self, tmp_path: Path, shop: Workshop) -> None:
        def read_by(code: str) -> StageDefinition:
            shop.write("PKG.py", f"def read(data, job_id):\n    return {code}")
            return define(read=shop.load("PKG").read)

        one = self.digests(read_by("{'found': data['text'], 'count': 1}"), tmp_path / "1")
        two = self.digests(read_by("{'found': data['text'], 'count': 2}"), tmp_path / "2")
        assert one["count"] != two["count"]
