"""Lines of a Ray job's log: whatever is told stays on its line and arrives as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.executors.job_lines import end_line, for_people, line_of, mark_of, read_line
from flows.places.news import Event, LogLine, Progress

MARK = mark_of("job-1")
ODD = "a\u2028b\x85c\x0cd\r\n\udcff é"
"""Line ends for `splitlines`, by which Ray gives a log, and what no stream can print."""


def test_an_event_survives_the_journey_and_is_nothing_to_read_for_people() -> None:
    event = Event("drawn", {"parts": [1, None, 0.5], "in": {"a": True}}, "plot.png")
    line = line_of(MARK, event)
    assert read_line(MARK, line) == event
    assert list(for_people(MARK, [line])) == []


@pytest.mark.parametrize("news", [Event(ODD, {ODD: ODD}, ODD), LogLine(20, ODD)])
def test_a_line_stays_one_line_that_every_stream_can_print(news: Any) -> None:
    line = line_of(MARK, news)
    assert line.splitlines() == [line]
    assert read_line(MARK, line.encode("ascii").decode()) == news


@given(text=st.text())
def test_so_does_the_end(text: str) -> None:
    line = end_line(MARK, {"done": text})
    assert line.splitlines() == [line]
    assert read_line(MARK, line) == {"done": text}


def test_progress_in_numbers_of_numpy_is_progress_in_numbers() -> None:
    line = line_of(MARK, Progress(np.int64(1), np.float32(2), None))  # type: ignore[arg-type]
    assert read_line(MARK, line) == Progress(1, 2, None)
