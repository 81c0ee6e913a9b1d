"""What a stage says in another process: all of it arrives, in its order, but for progress that is overtaken."""

from __future__ import annotations

import logging
import pickle
import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.places import news
from flows.places.news import Event, LogLine, Metrics, News, Notebook, Progress, hear, plain

said = st.lists(
    st.builds(LogLine, st.sampled_from([10, 20, 30]), st.text(max_size=5))
    | st.builds(Progress, st.floats(0, 1), st.just(1.0), st.none() | st.text(max_size=3))
    | st.builds(Metrics, st.just({"n": 1}), st.just("speed"))
    | st.builds(Event, st.text(max_size=3), st.just({"n": 1}), st.none()),
    max_size=30,
)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "GATHER_S", 0.001)


def _without_progress(lines: list[News]) -> list[News]:
    return [line for line in lines if not isinstance(line, Progress)]


class TestNotebook:
    @given(lines=said)
    def test_all_that_was_said_is_read_in_its_order(self, lines: list[News]) -> None:
        notebook = Notebook()
        for line in lines:
            notebook.add(line)
        notebook.end()
        [read] = list(notebook.read()) or [[]]
        assert _without_progress(read) == _without_progress(lines)
        told = [line for line in read if isinstance(line, Progress)]
        last = {line.category: line for line in lines if isinstance(line, Progress)}
        assert sorted(told, key=str) == sorted(last.values(), key=str)

    def test_it_is_read_while_it_is_written(self) -> None:
        notebook, read = Notebook(), list[list[News]]()
        reading = threading.Thread(target=lambda: read.extend(notebook.read()))
        reading.start()
        for number in range(50):
            notebook.progress(number, 50, None)
            notebook.add(LogLine(20, str(number)))
        notebook.end()
        reading.join(10)
        lines = [line for batch in read for line in batch]
        assert [line.message for line in lines if isinstance(line, LogLine)] == [str(number) for number in range(50)]
        assert [line for line in lines if isinstance(line, Progress)][-1] == Progress(49, 50, None)
        assert all(sum(isinstance(line, Progress) for line in batch) <= 1 for batch in read)

    def test_of_a_stage_that_says_nothing_nothing_is_read(self) -> None:
        notebook = Notebook()
        notebook.end()
        assert list(notebook.read()) == []

    def test_it_is_a_handler_of_logs(self) -> None:
        notebook, logger = Notebook(), logging.Logger("stage")
        logger.addHandler(notebook)
        logger.warning("%d of %d", 1, 2)
        notebook.end()
        assert list(notebook.read()) == [[LogLine(logging.WARNING, "1 of 2")]]

    def test_it_is_a_reporter_whose_words_can_go_anywhere(self) -> None:
        notebook, data = Notebook(), {"lock": threading.Lock(), "share": np.float32(0.5)}
        notebook.event("begun", data, "plot.png")
        notebook.metrics({"words": np.int64(6)}, "count")
        notebook.end()
        [[begun, count]] = list(notebook.read())
        assert begun == Event("begun", {"lock": str(data["lock"]), "share": 0.5}, "plot.png")
        assert count == Metrics({"words": 6}, "count")
        assert pickle.loads(pickle.dumps([begun, count])) == [begun, count]

    def test_a_line_that_cannot_be_put_into_words_stops_nobody(self, capsys: pytest.CaptureFixture[str]) -> None:
        notebook, logger = Notebook(), logging.Logger("stage")
        logger.addHandler(notebook)
        logger.warning("%d", "one")
        logger.warning("and on")
        notebook.end()
        assert list(notebook.read()) == [[LogLine(logging.WARNING, "and on")]]
        assert "Logging error" in capsys.readouterr().err


class _Reporter:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def progress(self, current: float, total: float, category: str | None) -> None:
        self.heard.append((current, total, category))

    def metrics(self, value: Mapping[str, Any], category: str) -> None:
        self.heard.append((value, category))

    def event(self, name: str, data: Mapping[str, Any], file: str | None) -> None:
        self.heard.append((name, data, file))


def test_it_is_said_again_where_the_job_is(caplog: pytest.LogCaptureFixture) -> None:
    reporter, logger = _Reporter(), logging.getLogger("stagewright.test-news")
    said: list[News] = [
        LogLine(logging.ERROR, "100 %"),
        Progress(1, 2, "cut"),
        Metrics({"fps": 3}, "speed"),
        Event("end", {}, None),
    ]
    with caplog.at_level(logging.DEBUG, logger.name):
        hear(said, logger, reporter)
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [(logging.ERROR, "100 %")]
    assert reporter.heard == [(1, 2, "cut"), ({"fps": 3}, "speed"), ("end", {}, None)]


class TestPlain:
    @given(data=st.dictionaries(st.text(max_size=3), st.lists(st.none() | st.integers() | st.floats(0, 1) | st.text())))
    def test_what_is_json_stays(self, data: dict[str, Any]) -> None:
        assert plain(data) == data

    def test_numbers_are_numbers_and_the_rest_is_the_text_of_a_log(self) -> None:
        told = plain({"n": np.int64(3), "in": MappingProxyType({1: (np.bool_(True), Path("a"))}), "a": np.zeros(2)})
        assert told == {"n": 3, "in": {"1": [True, "a"]}, "a": "[0. 0.]"}
        assert type(told["n"]) is int

    def test_keys_that_json_does_not_have_and_circles(self) -> None:
        circle: dict[Any, Any] = {"n": 1}
        circle["self"] = circle
        pairs: dict[Any, Any] = {(1, 2): 3}
        assert plain(pairs) == {"(1, 2)": "3"}
        assert plain(circle) == {"n": "1", "self": "{'n': 1, 'self': {...}}"}
