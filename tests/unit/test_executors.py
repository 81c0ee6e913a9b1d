"""Actions in this process, and what all executors do before and after a call."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from flows.executors import LocalExecutor
from flows.executors.calls import ActionCall
from flows.executors.job_lines import end_line, for_people, line_of, mark_of, read_line
from flows.executors.sent import SentCall
from flows.places.news import LogLine, Metrics, Progress
from stages.core.blobs import BlobStore
from stages.core.context import Silence
from stages.core.errors import ContractError, DefinitionError, StageFailed, UsageError
from stages.core.scratch import scratch_blobs
from stages.datatypes import DataType
from stages.plugins import BaseAction, NoParams, action


class Letters(DataType):
    def __init__(self, data: bytes) -> None:
        self.data = data

    def encode(self, blobs: BlobStore) -> Any:
        return blobs.put(self.data)

    @classmethod
    def decode(cls, data: Any, blobs: BlobStore) -> Letters:
        return cls(blobs.get(data))


class RepeatParams(BaseModel):
    times: int = Field(2, ge=1, le=5)


class Repeated(BaseModel):
    size: int
    unit: str


class WriteAction(BaseAction[RepeatParams]):
    output_type = Letters

    def execute(self) -> Letters:
        return Letters(b"ab" * self.params.times)


class MeasureAction(BaseAction[NoParams]):
    input_type, result_model = Letters, Repeated

    def execute(self) -> dict[str, Any]:
        self.logger.info("measuring")
        self.set_progress(1, 2)
        self.set_metrics({"size": len(self.ctx.input.data)}, "measure")
        return {"size": len(self.ctx.input.data), "unit": self.ctx.env.get("UNIT", "none")}


class Hidden(BaseModel):
    word: SecretStr = SecretStr("w")


@action
def secretive(params: Hidden, ctx: Any) -> Any:
    return params.word.get_secret_value()


class Called(BaseModel):
    model_config = ConfigDict(populate_by_name=False)
    size: dict[str, int] = Field(default_factory=dict, alias="SIZE")


@action
def called(params: Called, ctx: Any) -> Any:
    return params.size


@action
def plain(params: NoParams, ctx: Any) -> Any:
    return {"pair": (1, 2), "job": ctx.job_id}


@action
def broken(params: NoParams, ctx: Any) -> Any:
    raise ValueError("no")


class TestLocal:
    def test_gives_values_models_and_plain_json(self) -> None:
        executor = LocalExecutor({"UNIT": "letters"}, "job-1")
        letters = executor.execute(WriteAction, {"times": 3})
        assert letters.data == b"ababab"
        assert executor.execute(MeasureAction, None, letters) == Repeated(size=6, unit="letters")
        assert executor.execute(plain) == {"pair": [1, 2], "job": "job-1"}

    def test_tells_progress_metrics_and_log(self) -> None:
        heard: list[Any] = []

        class Ears(Silence):
            def progress(self, current: float, total: float, category: str | None) -> None:
                heard.append((current, total, category))

            def metrics(self, value: Mapping[str, Any], category: str) -> None:
                heard.append((dict(value), category))

        executor = LocalExecutor({}, reporter=Ears())
        executor.execute(MeasureAction, {}, Letters(b"abc"))
        assert executor.told.progress == {None: (1, 2)}
        assert executor.told.metrics == {"measure": {"size": 3}}
        assert executor.told.log == [(logging.INFO, "measuring")]
        assert heard == [(1, 2, None), ({"size": 3}, "measure")]

    def test_refuses_before_anything_runs(self) -> None:
        executor = LocalExecutor()
        with pytest.raises(UsageError, match=r"Action 'write': parameters that it cannot take: times: .* \(found 9\)"):
            executor.execute(WriteAction, {"times": 9})
        with pytest.raises(UsageError, match="Action 'measure' reads a Letters: give it as `input`"):
            executor.execute(MeasureAction)
        with pytest.raises(UsageError, match="Action 'measure' reads a Letters; its input is a str"):
            executor.execute(MeasureAction, None, "abc")
        with pytest.raises(UsageError, match="Action 'plain' reads nothing, and was given an input"):
            executor.execute(plain, None, 3)
        with pytest.raises(UsageError, match="'write' is a name, and there is no plugin"):
            executor.execute("write")
        with pytest.raises(UsageError, match="<class 'int'> is no action"):
            executor.execute(int)

    def test_refuses_parameters_that_no_other_process_would_be_told(self) -> None:
        with pytest.raises(DefinitionError, match="'secretive', field 'word': it is left out where settings"):
            LocalExecutor().execute(secretive, {"word": "mine"})

    def test_what_an_action_raises_comes_with_its_name(self) -> None:
        with pytest.raises(StageFailed, match="Stage 'broken' failed: ValueError: no"):
            LocalExecutor().execute(broken)

        class Wrong(MeasureAction):
            def execute(self) -> dict[str, Any]:
                return {"size": "many"}

        with pytest.raises(ContractError, match=r"gave a result that is no Repeated: size: .*; unit: Field required"):
            LocalExecutor().execute(Wrong, None, Letters(b""))


def test_parameters_with_other_names_outside_and_an_input_of_a_base_type() -> None:
    class Params(BaseModel):
        rate: int = Field(1, alias="learning-rate")

    class Capitals(Letters):
        pass

    @action(params=Params, input_type=Capitals)
    def look(params: Any, ctx: Any) -> Any:
        return [params.rate, ctx.input.data.decode()]

    assert LocalExecutor().execute(look, {"learning-rate": 3}, Letters(b"abc")) == [3, "abc"]


class TestSent:
    def test_a_call_survives_the_journey(self) -> None:
        blobs = scratch_blobs()
        call = ActionCall.of(MeasureAction, None, Letters(b"abc"), blobs, "job-1")
        sent = SentCall.from_json(SentCall.of(call, "job-1").to_json())
        opened = sent.opened(None)
        assert (opened.action, opened.reads) == (MeasureAction, call.reads)
        assert (opened.call.key, opened.call.settings) == (call.call.key, call.call.settings)

    @pytest.mark.parametrize("given", [None, {"SIZE": {"a": 1}}], ids=["default", "given"])
    def test_so_do_parameters_that_have_another_name_outside(self, given: Any) -> None:
        call = ActionCall.of(called.action_class, given, None, scratch_blobs(), "job-1")
        opened = SentCall.from_json(SentCall.of(call, "job-1").to_json()).opened(None)
        assert opened.call.config.model_dump() == {"size": (given or {"SIZE": {}})["SIZE"]}

    def test_an_action_that_no_other_process_finds(self) -> None:
        class Here(MeasureAction):
            pass

        call = ActionCall.of(Here, None, Letters(b""), scratch_blobs(), "job-1")
        with pytest.raises(UsageError, match="Action 'here' is defined inside a function or class"):
            SentCall.of(call, "job-1")

    def test_other_code_than_was_called(self) -> None:
        sent = SentCall.of(ActionCall.of(plain.action_class, None, None, scratch_blobs(), "j"), "j")
        other = SentCall.from_json(sent.to_json().replace(sent.version, "1+other"))
        with pytest.raises(UsageError, match=r"is version .* here and 1\+other where it was called from"):
            other.opened(None)


class TestLines:
    @pytest.mark.parametrize(
        "news",
        [LogLine(20, "a\nb é"), Progress(1, 2, None), Progress(0.5, 1, "train"), Metrics({"loss": 0.5}, "train")],
    )
    def test_news_survive_the_journey(self, news: Any) -> None:
        mark = mark_of("job-1")
        line = line_of(mark, news)
        assert "\n" not in line
        assert read_line(mark, line) == read_line(mark, "printed without an end" + line) == news

    def test_an_end_and_what_is_neither(self) -> None:
        mark = mark_of("job-1")
        assert read_line(mark, end_line(mark, {"done": "{}"})) == {"done": "{}"}
        assert read_line(mark, "anything") is None
        assert read_line(mark, mark + '{"log": {"lev') is None
        assert read_line(mark, line_of(mark_of("job-2"), LogLine(20, "x"))) is None

    def test_people_read_what_was_printed_and_logged(self) -> None:
        mark = mark_of("job-1")
        lines = ["one", "two" + line_of(mark, LogLine(20, "logged")), line_of(mark, Progress(1, 2, None)), ""]
        assert list(for_people(mark, lines)) == ["one", "two", "logged", ""]
