"""What a stage sees while it runs: its state, its context, and what it says to the outside."""

from __future__ import annotations

import logging
from threading import Event
from typing import Any

import pytest

from stages import DetectState, RuntimeContext
from stages.core.context import Silence
from stages.core.errors import ContractError, JobStopped
from stages.core.state import UndeclaredRead
from tests.unit.harness import make_context
from tests.unit.listener import Listener


def make_state(declared: list[str], **values: Any) -> tuple[DetectState, list[str]]:
    """A state with these values, and the keys that were read from the store so far."""
    read: list[str] = []

    def reader(key: str) -> Any:
        read.append(key)
        return values[key]

    readers = {key: lambda key=key: reader(key) for key in values}
    return DetectState("look", declared, readers, {"fps": 2}, make_context()), read


class TestState:
    def test_gives_what_is_declared_and_present(self) -> None:
        state, _ = make_state(["frames", "text", "hint"], frames=[1, 2], text="Nord")
        assert state["frames"] == [1, 2]
        assert dict(state) == {"frames": [1, 2], "text": "Nord"}
        assert list(state) == ["frames", "text"]
        assert len(state) == 2
        assert "text" in state
        assert "hint" not in state

    def test_reads_a_value_when_it_is_first_touched_and_once(self) -> None:
        state, read = make_state(["frames", "text"], frames=[1], text="Nord")
        assert read == []
        assert "frames" in state
        assert list(state) == ["frames", "text"]
        assert read == []
        assert state["text"] is state["text"] is state.get("text")
        assert read == ["text"]

    def test_has_settings_job_and_context_beside_it(self) -> None:
        state, _ = make_state([])
        assert state.config == {"fps": 2}
        assert state.job_id == state.ctx.job_id == "test-job"

    def test_without_a_job_the_id_is_empty(self) -> None:
        ctx = RuntimeContext(logging.getLogger(), {})
        assert DetectState("look", [], {}, None, ctx).job_id == ""

    def test_cannot_be_written_to(self) -> None:
        state, _ = make_state(["text"], text="Nord")
        with pytest.raises(TypeError, match="does not support item assignment"):
            state["text"] = "Süd"  # type: ignore[index]

    def test_an_undeclared_key_is_named_with_the_stage_and_the_nearest(self) -> None:
        state, _ = make_state(["frames", "text"], frames=[1], text="Nord")
        for ask in (state.__getitem__, state.get):
            with pytest.raises(UndeclaredRead) as e:
                ask("frame")
            assert str(e.value) == (
                "Stage 'look': read the key 'frame', which it does not declare; "
                "did you mean 'frames'? It declares frames, text."
            )
            assert e.value.context == {"stage": "look", "key": "frame"}

    def test_a_stage_that_declares_nothing(self) -> None:
        with pytest.raises(ContractError, match=r"which it does not declare; It declares nothing[.]$"):
            make_state([])[0]["frames"]

    def test_an_optional_key_that_is_absent(self) -> None:
        state, _ = make_state(["text", "hint"], text="Nord")
        assert state.get("hint") is None
        assert state.get("hint", "none given") == "none given"
        with pytest.raises(KeyError) as e:
            state["hint"]
        assert str(e.value) == "Stage 'look': optional key 'hint' is absent here; ask with state.get('hint')."


class TestSaying:
    def test_the_reporter_hears_it(self) -> None:
        listener = Listener()
        ctx = make_context(listener)
        ctx.set_progress(3, 10)
        ctx.set_progress(4, 10, "frames")
        ctx.set_metrics({"loss": 0.5}, "train")
        ctx.log("epoch", {"number": 1}, file="weights.onnx")
        ctx.log("note", {})
        ctx.end_log()
        assert listener.heard == [
            ("progress", 3, 10, None),
            ("progress", 4, 10, "frames"),
            ("metrics", {"loss": 0.5}, "train"),
            ("event", "epoch", {"number": 1}, "weights.onnx"),
            ("event", "note", {}, None),
            ("event", "end", {}, None),
        ]

    def test_without_one_nobody_does(self) -> None:
        ctx = make_context(Silence())
        ctx.set_progress(1, 1)
        ctx.set_metrics({}, "train")
        ctx.log("note", {})

    def test_metrics_are_gathered_by_category_the_last_value_counts(self) -> None:
        ctx = make_context()
        ctx.set_metrics({"loss": 0.5, "epoch": 1}, "train")
        ctx.set_metrics({"loss": 0.25}, "train")
        ctx.set_metrics({"loss": 0.75}, "check")
        assert ctx.gathered_metrics == {"train": {"loss": 0.25, "epoch": 1}, "check": {"loss": 0.75}}

    def test_lines_go_to_the_logger_at_their_level(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, logger="test")
        ctx = make_context()
        ctx.log_message("begun")
        ctx.log_message("no text found", level="warning")
        ctx.log_message("whatever", level="loud")
        ctx.log_dev_event("cut", {"t": 1.5})
        ctx.log("epoch", {"number": 1})
        assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
            ("INFO", "begun"),
            ("WARNING", "no text found"),
            ("INFO", "whatever"),
            ("DEBUG", "cut {'t': 1.5}"),
            ("INFO", "epoch {'number': 1}"),
        ]

    def test_the_context_has_what_it_was_given(self) -> None:
        ctx = RuntimeContext(logging.getLogger("x"), {"A": "1"}, "job-7", "client", "agent", {"weights": "n"})
        assert (ctx.logger.name, ctx.env["A"], ctx.job_id) == ("x", "1", "job-7")
        assert (ctx.client, ctx.agent_client, ctx.checkpoint) == ("client", "agent", {"weights": "n"})


def test_a_stage_hears_that_the_job_is_stopped_when_it_tells_its_progress() -> None:
    stopped = Event()
    ctx = RuntimeContext(logging.getLogger(), {}, stopped=stopped)
    ctx.set_progress(1, 2)
    stopped.set()
    with pytest.raises(JobStopped) as e:
        ctx.set_progress(2, 2)
    assert str(e.value) == ("The job was told to stop. What had ended is kept; the same command goes on from there.")
