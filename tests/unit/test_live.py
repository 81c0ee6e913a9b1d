"""A job as it goes on a terminal: how every stage stands."""

from __future__ import annotations

import io
import re

import pytest

from flows.command.live import shown
from flows.graph.planning import plan_profile
from flows.jobs.board import Board
from tests.unit.toys import parse, toy
from tests.unit.toys import toys as toys

LONG = "pictures_of_the_second_half"

STAGES = f"""
- cut_pictures
- {{stage: sort_pictures, id: {LONG}}}
- read_words
"""


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_an_error_is_told_whole_however_long_the_id_of_its_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", terminal := _Terminal())
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    plan = plan_profile(parse(toy(STAGES)))
    with shown(quiet=False):
        board = Board(plan, "a-job")
        board.begin("cut_pictures")
        board.progress("cut_pictures", 1, 4, None)
        board.fail(LONG, "the lamp is out")
        board.skip("read_words")
    said = " ".join(re.sub(r"\x1b\[[0-9;?]*[a-z]", "", terminal.getvalue(), flags=re.IGNORECASE).split())
    assert f"✗ {LONG} failed the lamp is out" in said
    assert " 25% " in said
    assert "- read_words skipped" in said
