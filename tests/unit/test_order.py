"""An order for a stage on its way to another process."""

from __future__ import annotations

import logging
import pickle
from datetime import date
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, field_validator

from flows.places.baggage import Baggage
from flows.places.order import Order
from flows.places.place import Assignment
from stages import Resources, StageConfig, stage
from stages.core import registry
from stages.core.blobs import BlobStore
from stages.core.definition import StageDefinition
from stages.core.envelope import Envelope
from stages.core.errors import ContractError, UsageError
from stages.core.execute import StageCall, execute
from stages.core.registry import get_stage
from stages.core.results import StageResult, ValueHandle
from stages.core.stage_version import stage_version
from stages.core.values import encode_value
from tests.unit.harness import make_context

SECRET = "a-secret-of-the-test"


class Tone(Enum):
    LOW = "low"
    HIGH = "high"


class PlayConfig(StageConfig):
    tones: set[Tone] = Field(set(), description="Tones")
    since: date = Field(date(2026, 1, 1), description="A day")
    loudness: float = Field(1, allow_inf_nan=False, description="How loud")
    names: list[str] = Field([], description="Names")


class DriftingConfig(StageConfig):
    size: int = Field(1, description="A number that is another each time it is read")

    @field_validator("size")
    @classmethod
    def _larger(cls, size: int) -> int:
        return size + 1


class CalledConfig(StageConfig):
    size: int = Field(1, alias="SIZE", description="A number that has another name outside")


def _called(config: CalledConfig) -> int:
    """Called."""
    return config.size


def _play(config: PlayConfig, score: list[int]) -> int:
    """Plays."""
    return len(score)


def _drift(config: DriftingConfig) -> int:
    """Drifts."""
    return config.size


def _copy(score: list[int]) -> list[int]:
    """Copies."""
    return score


@pytest.fixture
def play(own_stages: None) -> StageDefinition:
    stage(name="play", writes=("played",), category="toys")(_play)
    return get_stage("play")


def ordered(
    definition: StageDefinition, reads: dict[str, ValueHandle] | None = None, version: str | None = None, **config: Any
) -> Order:
    """The order as it arrives."""
    settings = definition.settings(**config)
    call = StageCall(definition, settings, version or stage_version(definition), "play/1.json")
    nobody: Any = None  # listens here
    planned: Any = SimpleNamespace(id="play", definition=definition)
    work = Assignment(planned, call, reads or {}, logging.getLogger("test"), nobody)
    baggage = Baggage({"AWS_SECRET_ACCESS_KEY": SECRET})
    sent: Order = pickle.loads(pickle.dumps(Order.of(work, Resources(gpus=1), "job-1", 3, baggage)))
    return sent


class TestJourney:
    @given(
        tones=st.sets(st.sampled_from(Tone)),
        since=st.dates(),
        loudness=st.floats(allow_nan=False, allow_infinity=False),
        names=st.lists(st.text(st.characters(codec="utf-8"))),
    )
    def test_settings_survive_it(self, **given: Any) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(registry, "_stages", dict(registry._stages))
            stage(name="play", writes=("played",), category="toys")(_play)
            call, _ = ordered(get_stage("play"), **given).opened()
            assert call.config == PlayConfig(**given)
            assert (call.key, call.version) == ("play/1.json", stage_version(get_stage("play")))

    def test_so_does_one_that_has_another_name_outside(self, own_stages: None) -> None:
        stage(name="called", writes=("size",), category="toys")(_called)
        assert ordered(get_stage("called"), SIZE=3).opened()[0].config.size == 3

    def test_so_do_handles_and_what_else_is_told(self, play: StageDefinition, blobs: BlobStore) -> None:
        handle = ValueHandle(encode_value([1, 2, 3], None, blobs))
        order = ordered(play, {"score": handle})
        assert (order.job_id, order.workers, order.resources) == ("job-1", 3, Resources(gpus=1))
        _, reads = order.opened()
        assert reads["score"].digest == handle.digest
        assert reads["score"].read(blobs) == [1, 2, 3]

    def test_the_envelope_of_a_value_stays_here(self, play: StageDefinition, blobs: BlobStore, tmp_path: Path) -> None:
        stage(name="copy", writes=("copied",), category="toys")(_copy)
        copy = get_stage("copy")
        given = {"score": ValueHandle(encode_value(list(range(1000)), None, blobs))}
        call = StageCall(copy, copy.settings(), "test", "copy/1.json")
        envelope = Envelope.from_bytes(execute(call, given, make_context(), blobs).to_bytes(), "test")
        handle = StageResult(envelope, copy).value("copied")
        assert handle.envelope is not None
        _, reads = ordered(play, {"score": handle}).opened()
        assert reads["score"].envelope is None
        assert reads["score"].read(blobs) == list(range(1000))

    def test_it_shows_no_key_of_the_store(self, play: StageDefinition) -> None:
        order = ordered(play)
        assert order.baggage.environment["AWS_SECRET_ACCESS_KEY"] == SECRET
        assert SECRET not in repr(order)
        assert SECRET not in str(order)


class TestRefused:
    def test_where_the_stage_is_missing(self, play: StageDefinition, monkeypatch: pytest.MonkeyPatch) -> None:
        order = ordered(play)
        monkeypatch.setattr(registry, "_stages", {})
        with pytest.raises(UsageError, match=r"There is no stage 'play'.* on every node of the cluster"):
            order.opened()

    def test_where_the_stage_is_another(self, play: StageDefinition) -> None:
        order = ordered(play, version="of-yesterday")
        told = f"Stage 'play' is version {stage_version(play)} here and of-yesterday where the run was started"
        with pytest.raises(UsageError) as refused:
            order.opened()
        assert told in str(refused.value)
        assert refused.value.context["stage"] == "play"

    def test_settings_that_are_others_when_they_are_read_again(self, own_stages: None) -> None:
        stage(name="drift", writes=("drifted",), category="toys")(_drift)
        told = r"Stage 'drift' cannot run in another process.*\{'size': 3\} from \{'size': 2\}"
        with pytest.raises(ContractError, match=told):
            ordered(get_stage("drift"), size=1).opened()

    def test_a_stage_of_the_script_itself(self, own_stages: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_play, "__module__", "__main__")
        stage(name="play", writes=("played",), category="toys")(_play)
        with pytest.raises(UsageError, match=r"defined in the script or notebook itself.*STAGEWRIGHT_STAGE_MODULES"):
            ordered(get_stage("play"))
