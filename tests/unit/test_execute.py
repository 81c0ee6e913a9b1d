"""Running one stage: what it may read, what it must write, how that is kept, and how its faults are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from stages import DetectState, FailedItem, StageConfigField, StageDefinition, StageIO, blobs
from stages.core.blobs import BlobStore
from stages.core.digests import digest_of
from stages.core.errors import (
    ContractError,
    EncodeError,
    InputError,
    StageFailed,
    StagewrightError,
    StoreDenied,
)
from stages.core.scratch import ScratchStore
from stages.datatypes import Boxes
from tests.unit.harness import make_blobs, make_context, run_stage

NO_REGIONS = Boxes.of([])

Fn = Callable[[DetectState], Any]


def define(fn: Fn, reads: str = "", writes: str = "found", optional: str = "", **more: Any) -> StageDefinition:
    io = StageIO(reads.split(), writes.split(), optional.split())
    return StageDefinition("look", "Look", "", io, fn=fn, **more)


def fault(kind: type[StagewrightError], definition: StageDefinition, tmp_path: Path, **reads: Any) -> StagewrightError:
    with pytest.raises(kind) as e:
        run_stage(definition, {}, reads, tmp_path)
    assert e.value.context["stage"] == "look"
    return e.value


class TestABareDefinition:
    fields = (StageConfigField("factor", "float", 2, min=0),)

    def test_runs(self, tmp_path: Path) -> None:
        definition = define(
            lambda state: {"found": [n * state.config.factor for n in state["numbers"]], "count": len(state)},
            reads="numbers",
            writes="found count",
            config_fields=list(self.fields),
        )
        writes, envelope = run_stage(definition, {"factor": 3}, {"numbers": [1, 2]}, tmp_path)
        assert writes == {"found": [3.0, 6.0], "count": 1}
        assert (envelope.stage, envelope.version, envelope.job) == ("look", "test", "test-job")
        assert envelope.settings == {"factor": 3.0}
        assert list(envelope.reads) == ["numbers"]
        assert (envelope.failed, envelope.own, envelope.blobs, envelope.metrics) == ({}, None, [], {})
        assert envelope.made.endswith("+00:00")
        assert 0 <= envelope.seconds < 1

    def test_sees_settings_job_and_context(self, tmp_path: Path) -> None:
        seen: list[Any] = []

        def look(state: DetectState) -> dict[str, Any]:
            seen.extend([state.config.factor, state.job_id, state.ctx.job_id])
            with pytest.raises(ValidationError, match="frozen"):
                state.config.factor = 3
            return {"found": None}

        run_stage(define(look, config_fields=list(self.fields)), {}, {}, tmp_path)
        assert seen == [2.0, "test-job", "test-job"]

    def test_an_optional_read_may_be_absent(self, tmp_path: Path) -> None:
        definition = define(lambda state: {"found": state.get("hint", "no hint")}, optional="hint")
        without, with_hint = (run_stage(definition, {}, reads, tmp_path) for reads in ({}, {"hint": "left"}))
        assert (without[0], with_hint[0]) == ({"found": "no hint"}, {"found": "left"})
        assert (list(without[1].reads), list(with_hint[1].reads)) == ([], ["hint"])
        assert without[1].key != with_hint[1].key

    def test_keeps_figures_for_people(self, tmp_path: Path) -> None:
        def look(state: DetectState) -> dict[str, Any]:
            state.ctx.set_metrics({"loss": np.float32(0.5), "worst": float("nan"), "per_class": np.ones(2)}, "train")
            found = {"rows": [1, 2], "share": 0.5, "best": float("inf"), "image": b"jpeg", "regions": NO_REGIONS}
            return {"text": "x", **found}

        _, envelope = run_stage(define(look, writes="text rows share best image regions"), {}, {}, tmp_path)
        assert envelope.metrics == {"train": {"loss": 0.5, "worst": "nan", "per_class": [1.0, 1.0]}}
        assert envelope.summary == {
            "text": {},
            "rows": {"items": 2},
            "share": {"value": 0.5},
            "best": {"value": "inf"},
            "image": {"bytes": 4},
            "regions": {"boxes": 0},
        }

    def test_puts_blobs_of_its_own(self, tmp_path: Path) -> None:
        store = make_blobs(tmp_path)
        definition = define(lambda state: {"found": {"picture": blobs().put(b"jpeg", "image/jpeg"), "again": b"jpeg"}})
        writes, envelope = run_stage(definition, {}, {}, tmp_path, store)
        assert store.get(writes["found"]["picture"]) == b"jpeg"
        assert writes["found"]["again"] == b"jpeg"
        assert [ref["blob"] for ref in envelope.blobs] == [digest_of(b"jpeg")]


class TestContract:
    def test_a_read_that_is_not_declared(self, tmp_path: Path) -> None:
        definition = define(lambda state: {"found": state["numbrs"]}, reads="numbers")
        error = fault(ContractError, definition, tmp_path, numbers=[1])
        assert str(error) == (
            "Stage 'look': read the key 'numbrs', which it does not declare; did you mean 'numbers'? "
            "It declares numbers."
        )

    @pytest.mark.parametrize(
        ("written", "problem", "key"),
        [
            ({"found": 1, "also": 2}, "wrote 'also', which it does not declare; it declares 'found'.", "also"),
            ({"found": 1, 7: 2, "b": 1}, "wrote 7, 'b', which it does not declare; it declares 'found'.", 7),
            ({}, "left out 'found', which it declares to write.", "found"),
        ],
    )
    def test_writes_are_exactly_those_declared(self, written: Any, problem: str, key: Any, tmp_path: Path) -> None:
        error = fault(ContractError, define(lambda state: written), tmp_path)
        assert str(error) == f"Stage 'look' {problem}"
        assert error.context["key"] == key

    @pytest.mark.parametrize(("written", "kind"), [(None, "NoneType"), ([1], "list"), ("found", "str")])
    def test_and_come_as_a_dict(self, written: Any, kind: str, tmp_path: Path) -> None:
        error = fault(ContractError, define(lambda state: written), tmp_path)
        assert str(error) == f"Stage 'look' must return a dict of its writes; it returned a {kind}."

    def test_a_value_that_holds_itself_is_refused(self, tmp_path: Path) -> None:
        ring: list[Any] = []
        ring.append(ring)
        error = fault(EncodeError, define(lambda state: {"found": ring}), tmp_path)
        assert str(error) == "Stage 'look', key 'found': the value holds itself, or is nested too deeply."

    def test_a_value_that_cannot_be_written(self, tmp_path: Path) -> None:
        error = fault(EncodeError, define(lambda state: {"found": [1, {2}]}), tmp_path)
        assert str(error) == (
            "Stage 'look', key 'found': the value at [1] is a set, which has no form of its own in the store; "
            "give JSON, bytes, a numpy array or a data type, or declare a serialize_fn."
        )
        assert error.context == {"stage": "look", "key": "found"}

    def test_metrics_that_cannot_be_written(self, tmp_path: Path) -> None:
        def look(state: DetectState) -> dict[str, Any]:
            state.ctx.set_metrics({"model": object()}, "train")
            return {"found": 1}

        error = fault(EncodeError, define(look), tmp_path)
        assert str(error) == "Stage 'look': its metrics cannot be written as JSON: there is a object in it."


class TestFaults:
    def test_of_the_stages_own_code(self, tmp_path: Path) -> None:
        error = fault(StageFailed, define(lambda state: {"found": 1 / 0}), tmp_path)
        assert str(error) == "Stage 'look' failed: ZeroDivisionError: division by zero"
        assert isinstance(error.__cause__, ZeroDivisionError)

    def test_that_are_told_on_purpose_keep_their_kind_and_get_a_name(self, tmp_path: Path) -> None:
        def look(state: DetectState) -> dict[str, Any]:
            raise InputError("a.mp4 has no pictures.", uri="a.mp4") from OSError("cut")

        error = fault(InputError, define(look), tmp_path)
        assert str(error) == "Stage 'look': a.mp4 has no pictures."
        assert error.context == {"uri": "a.mp4", "stage": "look"}
        assert isinstance(error.__cause__, OSError)

    def test_that_name_a_stage_are_left_as_they_are(self, tmp_path: Path) -> None:
        told = StageFailed("Stage 'other' failed.", stage="other")

        def look(state: DetectState) -> dict[str, Any]:
            raise told

        with pytest.raises(StageFailed) as e:
            run_stage(define(look), {}, {}, tmp_path)
        assert e.value is told

    def test_of_items_stand_in_the_envelope(self, tmp_path: Path) -> None:
        definition = define(lambda state: {"found": len(list(state.ctx.map(check, range(250), max_failed=250)))})
        _, envelope = run_stage(definition, {}, {}, tmp_path)
        assert envelope.failed["count"] == 125
        assert len(envelope.failed["items"]) == 100
        assert envelope.failed["items"][0] == {"index": 1, "kind": "ValueError", "message": "odd: 1 caf?.jpg"}

    def test_of_the_store_while_writing_leave_no_envelope(self, tmp_path: Path) -> None:
        class Full(ScratchStore):
            def put(self, key: str, data: bytes, media_type: str = "") -> None:
                raise StoreDenied("The store is full.", uri=key)

        store = BlobStore(Full(), make_blobs(tmp_path).cache)
        with pytest.raises(StoreDenied, match="The store is full"):
            run_stage(define(lambda state: {"found": b"jpeg"}), {}, {}, tmp_path, store)


def check(number: int) -> None:
    if number % 2:
        raise ValueError(f"odd: {number} caf\udce9.jpg")


class TestTheSameTwice:
    def run(self, job: str, tmp_path: Path) -> dict[str, Any]:
        definition = define(lambda state: {"found": {"b": state["numbers"], "a": b"jpeg"}}, reads="numbers")
        ctx = make_context()
        ctx.job_id = job
        _, envelope = run_stage(definition, {}, {"numbers": [1.5, "ü"]}, tmp_path, ctx=ctx)
        content: dict[str, Any] = json.loads(envelope.to_bytes())
        return content

    def test_is_the_same_apart_from_job_and_time(self, tmp_path: Path) -> None:
        first, second = self.run("job-1", tmp_path), self.run("job-2", tmp_path)
        differing = {key for key in first if first[key] != second[key]}
        assert {"job", "made", "sum"} >= differing - {"seconds"}
        assert (first["job"], second["job"]) == ("job-1", "job-2")
        assert "job-1" not in json.dumps({key: value for key, value in first.items() if key != "job"})


def test_failed_items_of_the_stage_itself_count_too(tmp_path: Path) -> None:
    def look(state: DetectState) -> dict[str, Any]:
        state.ctx.failed_items.append(FailedItem(7, "Damaged", "packet 7"))
        return {"found": 1}

    _, envelope = run_stage(define(look), {}, {}, tmp_path)
    assert envelope.failed == {"count": 1, "items": [{"index": 7, "kind": "Damaged", "message": "packet 7"}]}


def test_a_stage_that_leaves_the_process_has_failed(tmp_path: Path) -> None:
    def leave(state: DetectState) -> dict[str, Any]:
        raise SystemExit(0)

    definition = StageDefinition("leaving", "", "", StageIO([], ["out"]), fn=leave)
    with pytest.raises(StageFailed, match=r"^Stage 'leaving' failed: SystemExit: 0$"):
        run_stage(definition, {}, {}, tmp_path)


def test_what_a_stage_does_to_its_settings_is_not_written(tmp_path: Path) -> None:
    def add(state: DetectState) -> dict[str, Any]:
        state.config.names.append("more")
        return {"out": len(state.config.names)}

    fields = [StageConfigField("names", "list[str]", ["one"])]
    definition = StageDefinition("adding", "", "", StageIO([], ["out"]), fields, fn=add)
    values, envelope = run_stage(definition, {}, {}, tmp_path)
    assert (values["out"], envelope.settings) == (2, {"names": ["one"]})


def test_an_envelope_stays_light_whatever_the_value(tmp_path: Path) -> None:
    """Its blobs are all told of, those too that only the long JSON refers to."""
    numbers = list(range(100_000))
    definition = define(lambda state: {"found": {"numbers": numbers, "raw": b"raw"}})
    writes, envelope = run_stage(definition, {}, {}, tmp_path)
    assert writes == {"found": {"numbers": numbers, "raw": b"raw"}}
    assert len(envelope.to_bytes()) < 2000
    assert {ref["size"] for ref in envelope.blobs} == {3, envelope.writes["found"].value["is"]["size"]}
