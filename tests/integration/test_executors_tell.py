"""What an action says while it runs is heard in the same way from every mode."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flows.executors import run_plugin
from flows.executors.plugin_runs import Mode
from tests.integration.driving import Toys, in_process
from tests.unit.listener import Listener
from tests.unit.plugin_folders import PluginFolders

TELL = r"""
    import numpy as np
    from pathlib import Path
    from pydantic import BaseModel
    from stages.plugins import BaseAction, action

    class TellParams(BaseModel):
        note: str

    @action
    def tell(params: TellParams, ctx):
        Path(params.note).write_text("a note")
        print("a page", "and another\u2028", end="\x0c")
        ctx.log("begun", {"parts": 2, "odd": "a\u2028b\x85c \u00e9", "in": {"many": [1, None, True, 0.5]}})
        ctx.set_progress(1, 2, "first")
        ctx.set_metrics({"loss": 0.5, "epoch": 1}, "training")
        ctx.log("drawn", {"share": np.float32(0.5)}, params.note)
        ctx.set_progress(1, 4)
        ctx.set_metrics({"loss": 0.25}, "training")
        ctx.set_metrics({"words": np.int64(6)}, "count")
        ctx.logger.debug("for %s", "whoever wrote it")
        ctx.end_log()
        return {"odd": "a\u2028b\x85c"}
"""
CONFIG = "actions:\n  tell: {entrypoint: 'plugin.telling:tell'}\n"


@pytest.fixture
def plugin(on_ray: Toys) -> Path:
    return PluginFolders(on_ray.folder).write("telling", {"plugin/telling.py": TELL}, CONFIG)


def all_of(note: Path) -> list[tuple[Any, ...]]:
    """What `tell` says."""
    return [
        ("event", "begun", {"parts": 2, "odd": "a\u2028b\x85c é", "in": {"many": [1, None, True, 0.5]}}, None),
        ("progress", 1, 2, "first"),
        ("metrics", {"loss": 0.5, "epoch": 1}, "training"),
        ("event", "drawn", {"share": 0.5}, str(note)),
        ("progress", 1, 4, None),
        ("metrics", {"loss": 0.25}, "training"),
        ("metrics", {"words": 6}, "count"),
        ("event", "end", {}, None),
    ]


@contextmanager
def logged() -> Iterator[list[str]]:
    """What actions log meanwhile."""
    lines = list[str]()
    logger, handler = logging.getLogger("stagewright"), logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)


@pytest.mark.parametrize(
    ("mode", "runner"),
    [("local", "threads"), ("task", "threads"), ("task", "ray"), ("actor", "threads"), ("job", "threads")],
)
def test_all_is_heard_and_in_its_order(
    plugin: Path, mode: Mode, runner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEWRIGHT_RUNNER", runner)
    ears, note = Listener(), tmp_path / "note.txt"
    with logged() as lines:
        assert run_plugin(plugin, "tell", {"note": str(note)}, mode, reporter=ears) == {"odd": "a\u2028b\x85c"}
    assert ears.heard == all_of(note)
    assert [line for line in lines if not line.startswith(("Runs on", "Waits for"))] == [
        "begun {'parts': 2, 'odd': 'a\\u2028b\\x85c é', 'in': {'many': [1, None, True, 0.5]}}",
        "drawn {'share': np.float32(0.5)}",
        "for whoever wrote it",
    ]


def test_of_a_result_that_is_kept_its_metrics_are_heard(plugin: Path, tmp_path: Path) -> None:
    given, first, again = {"note": str(tmp_path / "note.txt")}, Listener(), Listener()
    run_plugin(plugin, "tell", given, "task", reporter=first)
    run_plugin(plugin, "tell", given, "task", reporter=again)
    assert len(first.heard) == 8
    assert again.heard == [("metrics", {"loss": 0.25, "epoch": 1}, "training"), ("metrics", {"words": 6}, "count")]


def test_the_command_line_tells_it_of_a_task(plugin: Path, tmp_path: Path) -> None:
    ran = in_process("plugin", "run", str(plugin), "tell", "--mode", "task", "--set", f"note={tmp_path / 'note.txt'}")
    assert ran.code == 0
    words = ("begun", "first", "progress", "training", "drawn", "count")
    assert [line.partition(" {")[0] for line in ran.err.split("\n") if line.startswith(words)] == [
        "begun",
        "first: 50 %",
        "training: loss 0.5, epoch 1",
        "drawn",
        "training: loss 0.25",
        "count: words 6",
    ]
