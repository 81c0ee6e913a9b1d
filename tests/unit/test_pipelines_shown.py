"""How a run of a pipeline is shown, and what the room of pipelines promises to have."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

import flows.pipelines
from flows.pipelines import ActionProgress, PipelineProgress
from flows.pipelines.display import as_text, drawn
from flows.pipelines.prefect_runs import Reached
from flows.pipelines.watching import _ends

RUN = PipelineProgress(
    "20261121-a-run",
    "running",
    (
        ActionProgress("split", "words.split", "kept", 1.0),
        ActionProgress("train", "words.train", "running", 0.5, "<b>epochs</b> [red]"),
        ActionProgress("export", "words.export"),
    ),
)
FAILED = PipelineProgress(
    "a-run",
    "failed",
    (
        ActionProgress("train", "t", "failed", 0.25, "epochs", "out of <memory>"),
        ActionProgress("export", "e", "skipped"),
    ),
    "out of <memory>",
)


def test_public_names() -> None:
    assert flows.pipelines.__all__ == [
        "ActionExecutor",
        "ActionPipeline",
        "ActionProgress",
        "PipelineExecutor",
        "PipelineProgress",
        "RayPipelineExecutor",
        "show_progress",
    ]
    assert all(hasattr(flows.pipelines, name) for name in flows.pipelines.__all__)


def test_the_whole_is_the_mean_of_its_actions() -> None:
    assert RUN.share == 0.5
    assert (RUN.ended, FAILED.ended) == (False, True)
    assert PipelineProgress("run", "waiting").share == 0.0
    assert json.loads(json.dumps(RUN.to_json()))["actions"][1]["category"] == "<b>epochs</b> [red]"


def test_as_text() -> None:
    assert as_text(RUN).splitlines() == [
        "20261121-a-run: running, 50%",
        "= split              kept",
        "▸ train              running    50% <b>epochs</b> [red]",
        "· export             waiting",
    ]
    assert as_text(FAILED).splitlines() == [
        "a-run: failed, 12%",
        "✗ train              failed     25% out of <memory>",
        "- export             skipped",
    ]


def test_on_a_terminal() -> None:
    screen = io.StringIO()
    Console(file=screen, width=120, force_terminal=True, color_system=None).print(drawn(RUN))
    lines = screen.getvalue().splitlines()
    assert lines[0].rstrip() == "20261121-a-run: running, 50%"
    assert [word in line for word, line in zip(["split", "50% running", "0% waiting"], lines[1:], strict=True)] == [
        True
    ] * 3
    assert "<b>epochs</b> [red]" in lines[2]


def test_in_a_notebook_nothing_of_it_is_markup() -> None:
    shown = RUN._repr_html_() + FAILED._repr_html_()
    assert '<progress value="0.500" max="1">' in shown
    assert "&lt;b&gt;epochs&lt;/b&gt;" in shown
    assert "out of &lt;memory&gt;" in shown
    assert "<b>epochs" not in shown
    assert "<memory>" not in shown


@pytest.mark.parametrize(
    ("known", "reached", "ends"),
    [
        ({"a": "ran", "b": "failed", "c": "failed"}, "", ["ran", "failed", "skipped"]),  # the server: all else crashed
        ({"a": "failed", "b": "failed", "c": "failed"}, "ab", ["ran", "failed", "skipped"]),  # heard of no end
        ({"a": "kept", "b": "running"}, "c", ["kept", "ran", "failed"]),
        ({"a": "failed", "b": "failed"}, "", ["failed", "skipped", "skipped"]),
        ({"a": "waiting"}, "", ["skipped", "skipped", "skipped"]),
        ({"a": "ran", "b": "kept", "c": "ran"}, "abc", ["ran", "kept", "ran"]),
    ],
)
def test_what_began_in_a_run_that_was_killed_tells_how_all_before_it_ended(
    known: Any, reached: str, ends: list[str]
) -> None:
    assert list(_ends(list("abc"), known, {id: Reached(0.5, None) for id in reached}).values()) == ends
