"""The key of a checkpoint: what a result depends on, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from stages import StageDefinition, StageIO
from stages.core.digests import model_as_json
from stages.core.execute import StageCall, checkpoint_key


class Settings(BaseModel):
    fps: float = 2
    brands: list[str] = []
    nested: dict[str, int] = {}


digests = st.dictionaries(st.sampled_from(["frames", "text", "hint"]), st.sampled_from(["sha256:1", "sha256:2"]))


class TestKey:
    definition = StageDefinition("look", "Look", "", StageIO([], []), fn=lambda state: {})

    def key(self, definition: StageDefinition | None = None, **changes: Any) -> str:
        given = {"version": "1", "config": Settings(), "digests": {"frames": "sha256:1"}, "job_id": "job-1"}
        return checkpoint_key(definition or self.definition, **{**given, **changes})

    def test_is_a_place_below_the_stages_name(self) -> None:
        stage, _, name = self.key().partition("/")
        assert stage == "look"
        assert name.endswith(".json")
        assert len(name) == 45

    @pytest.mark.parametrize(
        "change",
        [
            {"version": "2"},
            {"config": Settings(fps=3)},
            {"config": Settings(brands=["Nord"])},
            {"digests": {"frames": "sha256:2"}},
            {"digests": {"text": "sha256:1"}},
            {"digests": {}},
            {"definition": replace(definition, name="look_again")},
        ],
    )
    def test_changes_with_what_the_result_depends_on(self, change: dict[str, Any]) -> None:
        assert self.key(**change) != self.key()

    def test_and_not_with_the_job(self) -> None:
        assert self.key(job_id="job-2") == self.key()

    def test_but_for_a_stage_that_is_never_kept(self) -> None:
        impure = replace(self.definition, pure=False)
        assert len({self.key(impure), self.key(impure, job_id="job-2"), self.key()}) == 3

    @given(reads=digests, nested=st.dictionaries(st.text(max_size=2), st.integers()))
    def test_is_independent_of_the_order_of_keys(self, reads: dict[str, str], nested: dict[str, int]) -> None:
        turned = self.key(digests=dict(reversed(reads.items())), config=Settings(nested=dict(reversed(nested.items()))))
        assert self.key(digests=reads, config=Settings(nested=nested)) == turned

    @given(first=digests, second=digests)
    def test_different_reads_have_different_keys(self, first: dict[str, str], second: dict[str, str]) -> None:
        assert (self.key(digests=first) == self.key(digests=second)) is (first == second)

    def test_a_call_tells_its_settings_as_json(self) -> None:
        call = StageCall(self.definition, Settings(fps=3), "1", "look/x.json")
        assert call.settings == {"fps": 3.0, "brands": [], "nested": {}}


def test_a_secret_stands_in_no_key_and_no_envelope() -> None:
    class Guarded(BaseModel):
        token: SecretStr = SecretStr("hunter2")

    assert model_as_json(Guarded()) == {"token": "**********"}


class Sets(BaseModel):
    tags: set[str] = set()
    parts: list[frozenset[str]] = []
    by_name: dict[str, set[int]] = {}
    nested: Sets | None = None


words = st.sets(st.text("abcdefg", min_size=1))


@given(tags=words, numbers=st.sets(st.integers(0, 9)))
def test_sets_stand_in_one_order(tags: set[str], numbers: set[int]) -> None:
    """Their own order differs from process to process."""
    config = Sets(tags=tags, parts=[frozenset(tags)], by_name={"n": numbers}, nested=Sets(tags=tags))
    told = sorted(tags)
    assert model_as_json(config) == {
        "tags": told,
        "parts": [told],
        "by_name": {"n": sorted(numbers)},
        "nested": {"tags": told, "parts": [], "by_name": {}, "nested": None},
    }
