"""What becomes of what a stage says: one progress, files beside its result, clients when they are asked for."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import DetectState, RuntimeContext, StageDefinition, StageIO
from stages.core.context import Deferred, Silence
from stages.core.errors import DefinitionError
from stages.core.kept_files import MOST_BYTES
from stages.core.progress import WeightedProgress
from stages.core.registry import register_stage
from tests.unit.harness import make_blobs, make_context, run_stage


def progress_of(weights: dict[str, float], *told: tuple[float, float, str | None]) -> list[tuple[float, float]]:
    """What a listener hears of the whole."""
    whole = WeightedProgress(weights)
    return [whole.whole(*one) for one in told]


def quiet(name: str, fn: Any, **more: Any) -> StageDefinition:
    """A stage that reads and writes nothing."""
    return StageDefinition(name, "", "", StageIO([], []), fn=fn, **more)


class TestProgress:
    def test_categories_become_one_by_their_weights(self) -> None:
        weights = {"dataset": 1.0, "train": 3.0}
        told = progress_of(weights, (1, 2, "dataset"), (2, 2, "dataset"), (1, 3, "train"), (3, 3, "train"))
        assert told == [(12.5, 100), (25, 100), (50, 100), (100, 100)]

    def test_what_has_no_weight_is_told_as_it_is(self) -> None:
        assert progress_of({"train": 1}, (3, 9, None), (4, 9, "look")) == [(3, 9), (4, 9)]
        assert progress_of({}, (4, 9, "look")) == [(4, 9)]

    def test_a_total_that_is_not_known_changes_nothing_and_more_than_all_is_all(self) -> None:
        assert progress_of({"a": 1, "b": 1}, (5, 0, "a"), (5, 4, "a"), (-1, 4, "b")) == [(0, 100), (50, 100), (50, 100)]

    @given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 10)), max_size=30))
    def test_it_is_never_beyond_its_ends(self, told: list[tuple[str, int]]) -> None:
        weights = {"a": 0.2, "b": 0.0, "c": 7.0}
        assert all(0 <= percent <= 100 for percent, _ in progress_of(weights, *((n, 10, c) for c, n in told)))

    def test_a_stage_declares_the_weights(self, tmp_path: Path) -> None:
        heard: list[tuple[float, float, str | None]] = []

        class Listener(Silence):
            def progress(self, current: float, total: float, category: str | None) -> None:
                heard.append((current, total, category))

        def work(state: DetectState) -> dict[str, Any]:
            state.ctx.set_progress(1, 1, "read")
            state.ctx.set_progress(1, 2, "write")
            return {}

        made = quiet("work", work, progress={"read": 1, "write": 2})
        run_stage(made, {}, {}, tmp_path, ctx=make_context(Listener()))
        assert [(round(current, 3), total, category) for current, total, category in heard] == [
            (33.333, 100, "read"),
            (66.667, 100, "write"),
        ]

    @pytest.mark.parametrize("weights", [{"a": -1.0}, {"a": 0.0}, {"a": float("nan")}, {"a": float("inf")}])
    def test_weights_that_make_no_sense_are_refused(self, weights: dict[str, float], own_stages: None) -> None:
        with pytest.raises(DefinitionError, match="progress gives each category a weight, 0 or more and not all 0"):
            register_stage(quiet("work", lambda state: {}, progress=weights))


class TestFiles:
    def test_a_logged_file_is_kept_with_the_result_as_it_was_then(self, tmp_path: Path) -> None:
        plot, blobs = tmp_path / "plot.png", make_blobs(tmp_path)
        plot.write_bytes(b"first")

        def draw(state: DetectState) -> dict[str, Any]:
            state.ctx.log("drawn", {"loss": 0.5}, file=plot)
            plot.write_bytes(b"changed")
            return {}

        _, envelope = run_stage(quiet("draw", draw), {}, {}, tmp_path, blobs)
        (kept,) = envelope.files
        assert (kept["name"], kept["event"], kept["blob"]["media_type"]) == ("plot.png", "drawn", "image/png")
        assert blobs.get(kept["blob"]) == b"first"
        assert kept["blob"] in envelope.blobs

    def test_names_may_say_nothing_of_the_kind_and_be_no_unicode(self, tmp_path: Path) -> None:
        file = tmp_path / os.fsdecode(b"weights\xff")
        file.write_bytes(b"1")

        def save(state: DetectState) -> dict[str, Any]:
            state.ctx.log("saved", {}, file=file)
            return {}

        (kept,) = run_stage(quiet("save", save), {}, {}, tmp_path)[1].files
        assert (kept["name"], kept["blob"]["media_type"]) == ("weights?", "application/octet-stream")

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("nowhere.png", "nowhere.png is not there; log a file that has been written"),
            (".", "is a folder; log a file"),
            ("large.bin", "large.bin has 1,073,741,825 bytes, more than 1,073,741,824; write it instead"),
            ("n" * 300, "cannot be read: File name too long"),
        ],
    )
    def test_one_that_cannot_be_kept_is_told_and_does_not_end_the_stage(
        self, name: str, why: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with (tmp_path / "large.bin").open("wb") as large:
            large.truncate(MOST_BYTES + 1)  # takes no room

        def draw(state: DetectState) -> dict[str, Any]:
            state.ctx.log("drawn", {}, file=tmp_path / name)
            return {}

        _, envelope = run_stage(quiet("draw", draw), {}, {}, tmp_path)
        assert envelope.files == []
        assert "Not kept with the result: " in caplog.text
        assert why in caplog.text


def test_a_client_that_is_deferred_is_made_when_it_is_first_asked_for_and_once() -> None:
    made: list[str] = []

    def make() -> str:
        made.append("client")
        return "client"

    shared = Deferred(make)
    first, second = (RuntimeContext(logging.getLogger(), {}, client=shared) for _ in range(2))
    assert made == []
    assert [first.client, second.client, first.client, first.agent_client] == ["client", "client", "client", None]
    assert made == ["client"]
