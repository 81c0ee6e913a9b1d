"""A plugin's config brought up to its code, without touching a character that is none of its business."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages.core.errors import PluginError
from stages.plugins.config_file import load_config
from stages.plugins.config_sync import SyncReport, sync_config
from tests.unit.words_plugin import ACTION, ODD, make_words, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_words(tmp_path)


def changes(old: str, new: str) -> list[str]:
    """The lines that differ, as a diff marks them; with their line ends."""
    lines = difflib.ndiff(old.splitlines(keepends=True), new.splitlines(keepends=True))
    return [line for line in lines if line[0] in "+-"]


def synced(folder: Path, text: str) -> tuple[SyncReport, list[str], dict[str, Any]]:
    """The report, the lines that changed, and the actions that the file then has."""
    file = write(folder, text)
    report = sync_config(folder)
    new = file.read_bytes().decode()
    assert sync_config(folder).changed is False  # a second time there is nothing to do
    assert file.read_bytes().decode() == new
    return report, changes(text, new), yaml.safe_load(new)["actions"]


MORE = {"entrypoint": "plugin.more:MoreAction", "method": "task"}
COUNT = {"entrypoint": "plugin.count:CountAction", "method": "task", "input_type": "Frames", "output_type": "Tracks"}


class TestWhatChanges:
    def test_only_the_lines_that_must(self, folder: Path) -> None:
        report, lines, _ = synced(folder, ODD)
        assert (report.added, report.mended, report.without_code) == (("more",), ("count",), ("gone",))
        assert lines == [
            '-         entrypoint:    "plugin.cuont:CountAction"     # moved since\n',
            '+         entrypoint:    "plugin.count:CountAction"     # moved since\n',
            "+     more:\n",
            "+         entrypoint: plugin.more:MoreAction\n",
            "+         method: task\n",
        ]

    def test_a_config_in_order_is_not_written(self, folder: Path) -> None:
        text = f"name: W\ncode: w\nactions: {{count: {COUNT}, another_name: {MORE}}}".replace(":MoreA", ".MoreA")
        before = os.stat(write(folder, text)).st_ino
        assert sync_config(folder) == SyncReport()
        assert os.stat(folder / "config.yaml").st_ino == before

    def test_a_dry_run_says_the_same_and_writes_nothing(self, folder: Path) -> None:
        file = write(folder, ODD)
        dry = sync_config(folder, dry_run=True)
        assert file.read_text() == ODD
        assert dry == sync_config(folder)
        assert dry.changed

    def test_a_name_that_the_old_place_still_has_is_left(self, folder: Path) -> None:
        """`count` says More's entry point, which is there: that may be meant."""
        text = "name: W\ncode: w\nactions:\n  count:\n    entrypoint: plugin.more:MoreAction\n"
        report, lines, _ = synced(folder, text)
        assert (report, lines) == (SyncReport(), [])

    def test_an_entry_that_is_still_empty_is_filled(self, folder: Path) -> None:
        for empty in ("", " ~", " {}", "  # later", "\n    entrypoint:", "\n    description: x"):
            report, _, actions = synced(folder, f"name: W\ncode: w\nactions:\n  more:{empty}\n  count: {COUNT}\n")
            assert report.mended == ("more",)
            assert actions["more"]["entrypoint"] == "plugin.more:MoreAction"

    def test_what_is_filled_and_what_is_added_at_one_place(self, folder: Path) -> None:
        report, _, actions = synced(folder, "name: W\ncode: w\nactions:\n more:")
        assert (report.added, report.mended) == (("count",), ("more",))
        assert actions == {"more": {"entrypoint": MORE["entrypoint"]}, "count": COUNT}

    def test_code_that_cannot_be_read_takes_nothing_away(self, folder: Path) -> None:
        (folder / "plugin" / "count.py").write_text("class (\n")
        text = f"name: W\ncode: w\nactions:\n  count: {COUNT}\n  more: {MORE}\n"
        report, lines, _ = synced(folder, text)
        assert (report.without_code, lines) == ((), [])
        assert [fault.line for fault in report.faults] == [1]

    def test_two_actions_of_one_name_are_left_to_a_person(self, folder: Path) -> None:
        (folder / "plugin" / "twin.py").write_text(ACTION.format("More", ""))
        report, lines, _ = synced(folder, "name: W\ncode: w\nactions:\n  count:\n    entrypoint: a:CountAction\n")
        assert (report.added, report.mended, len(lines)) == ((), ("count",), 2)
        assert "a second action 'more'" in report.faults[0].message


LAYOUTS = {
    "no actions": "name: W\ncode: w\n",
    "no actions, no line end": "name: W\ncode: w",
    "no actions, comments below": "name: W\ncode: w\n# end\n\n# the very end\n",
    "no actions, a text below": "name: W\ncode: w\ndescription: |\n  one\n  two\n",
    "no actions, a document's end": "---\nname: W\ncode: w\n...\n",
    "all indented": "  name: W\n  code: w\n",
    "actions of nothing": "name: W\nactions:\ncode: w\n",
    "actions of nothing at the end": "name: W\ncode: w\nactions:",
    "actions of nothing and a note": "name: W\nactions:   # none yet\n  # nor here\ncode: w\n",
    "actions of null": "name: W\nactions: ~\ncode: w\n",
    "actions of an empty mapping": "name: W\nactions: {} # none\ncode: w\n",
    "actions of an empty mapping at the end": "name: W\ncode: w\nactions: {}",
    "one action": "name: W\nactions:\n  own: {}\ncode: w\n",
    "one action of nothing, at the end": "name: W\ncode: w\nactions:\n  own:",
    "a text at the end": "name: W\ncode: w\nactions:\n  own:\n    description: >-\n      one\n      two\n\n",
    "a plain text over lines": "name: W\nactions:\n own:\n  description: one\n   two\n\ncode: w\n",
    "a list at the end": "name: W\ncode: w\nactions:\n  own:\n    x:\n    - 1\n    - {a: b}\n",
    "in one line": "name: W\ncode: w\nactions: {own: {description: x}}\n",
    "in one line with a comma": "name: W\ncode: w\nactions: {own: {}, }\n",
    "in lines with braces": "name: W\nactions: {\n  own: {},  # mine\n}\ncode: w\n",
    "JSON": '{"name": "W", "code": "w", "actions": {"own": {"description": "x"}}}\n',
    "JSON without actions": '{\n  "name": "W",\n  "code": "w"\n}\n',
    "JSON with none": '{"name": "W", "actions": {}, "code": "w"}',
    "JSON with null": '{"name": "W", "actions": null, "code": "w"}',
}


class TestLayouts:
    @pytest.mark.parametrize("ends", ["\n", "\r\n"])
    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_wherever_actions_stand(self, folder: Path, layout: str, ends: str) -> None:
        text = LAYOUTS[layout].replace("\n", ends)
        report, lines, actions = synced(folder, text)
        assert report.added == ("count", "more")
        assert (actions["count"], actions["more"]) == (COUNT, MORE)
        new = (folder / "config.yaml").read_bytes().decode()
        assert new.endswith(ends) == text.endswith(ends)
        assert new.count("\n") == new.count(ends)
        # what stood there stands there still, but for what held the place of the actions
        gone = [line[2:].strip() for line in lines if line[0] == "-"]
        assert len(gone) <= 1 + (not text.endswith(ends))

    def test_a_byte_order_mark_stays(self, folder: Path) -> None:
        file = write(folder, "\ufeffname: W\ncode: w\n")
        assert sync_config(folder).changed
        assert file.read_bytes().startswith(b"\xef\xbb\xbfname: W\n")
        assert load_config(folder).actions["more"].entrypoint == MORE["entrypoint"]

    def test_entry_points_keep_their_quotes(self, folder: Path) -> None:
        for quote in ("", "'", '"'):
            text = f"name: W\ncode: w\nactions:\n  more:\n    entrypoint: {quote}x:Y{quote}  # note\n  count: {COUNT}\n"
            _, (_, line), _ = synced(folder, text)
            assert line == f"+     entrypoint: {quote}plugin.more:MoreAction{quote}  # note\n"

    def test_an_alias_is_left_to_a_person_and_nothing_is_changed(self, folder: Path) -> None:
        text = "name: W\ncode: w\nactions:\n  count: &a\n    entrypoint: x:Y\n  more: *a\n"
        file = write(folder, text)
        with pytest.raises(
            PluginError, match=r"config\.yaml is written in a way that cannot be changed in place"
        ) as told:
            sync_config(folder)
        assert "more: " in str(told.value)
        assert file.read_text() == text
