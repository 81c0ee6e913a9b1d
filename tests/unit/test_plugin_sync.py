"""A plugin's config brought up to its code, without touching a character that is none of its business."""

from __future__ import annotations

import difflib
import os
import resource
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core.errors import PluginError
from stages.plugins.check import check_plugin
from stages.plugins.config_file import load_config
from stages.plugins.config_sync import SyncReport, sync_config

ACTION = "from stages.plugins import BaseAction\nclass {}Action(BaseAction[int]):\n{}    def execute(self): ...\n"

ODD = """\
# A plugin with opinions about layout.
name:   'Words'        # two spaces, and single quotes
code: "words"
tasks:
    - image.object_detection
    - image.ocr    # an indented list
env: {A: 1,B:   2}
mystery: [kept,
          as it is]

actions:
    count:
        entrypoint:    "plugin.cuont:CountAction"     # moved since
        method: job
        # a note at the end of count

    gone: {entrypoint: plugin.nowhere:GoneAction, method: serve}
    # a note at the end of the actions

# The rest.
runtime_env:
    pip:   ["x>=1",  'y']
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plugin with two actions, `count` and `more`, and no config."""
    (tmp_path / "words" / "plugin").mkdir(parents=True)
    code = ACTION.format("Count", "    input_type = Frames\n    output_type = 'Tracks'\n")
    (tmp_path / "words" / "plugin" / "count.py").write_text(code)
    (tmp_path / "words" / "plugin" / "more.py").write_text(ACTION.format("More", ""))
    return tmp_path / "words"


def write(folder: Path, text: str) -> Path:
    file = folder / "config.yaml"
    file.write_bytes(text.encode())
    return file


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


class TestFiles:
    def test_a_folder_without_a_config_gets_one(self, folder: Path) -> None:
        report = sync_config(folder)
        assert (report.added, report.changed) == (("count", "more"), True)
        config = load_config(folder)
        assert (config.name, config.code, list(config.actions)) == ("words", "words", ["count", "more"])
        assert check_plugin(folder) == []
        assert sync_config(folder) == SyncReport()

    @pytest.mark.parametrize("name", ["9 lives", "żółw", "a'b\"c\\d", "--", "A__b"])
    def test_whatever_the_folder_is_called(self, folder: Path, name: str) -> None:
        folder = folder.rename(folder.parent / name)
        sync_config(folder)
        assert load_config(folder).name == name

    def test_a_folder_that_holds_plugins_gets_none(self, folder: Path) -> None:
        sync_config(folder)
        with pytest.raises(PluginError, match=r"holds plugins \(words\) and is none itself; name one of them"):
            sync_config(folder.parent)
        assert [path.name for path in folder.parent.iterdir()] == ["words"]
        (folder / "config.yaml").write_text("of: something else\n")
        assert sync_config(folder.parent).added == ("count", "more")

    @pytest.mark.parametrize(
        ("name", "told"),
        [("settings.yaml", "settings.yaml: there is no such file"), ("config.yaml", "name is too long")],
    )
    def test_only_a_config_of_a_name_that_can_be_is_made(self, folder: Path, name: str, told: str) -> None:
        folder = folder.rename(folder.parent / ("w" * 65))
        with pytest.raises(PluginError, match=told):
            sync_config(folder / name)
        assert [path.name for path in folder.iterdir()] == ["plugin"]

    def test_a_dry_run_makes_none_and_says_that_it_would(self, folder: Path) -> None:
        report = sync_config(folder, dry_run=True)
        assert (report.added, report.changed) == (("count", "more"), True)
        assert [path.name for path in folder.iterdir()] == ["plugin"]

    def test_the_folder_of_wheels_is_passed_over_as_the_config_says(self, folder: Path) -> None:
        write(folder, "name: W\ncode: w\nwheels_dir: plugin\n")
        assert sync_config(folder) == SyncReport()

    def test_a_folder_without_actions_gets_none(self, tmp_path: Path) -> None:
        with pytest.raises(PluginError, match=r"a plugin's folder needs a config\.yaml"):
            sync_config(tmp_path)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("name: W\nname: V\ncode: w\n", r"config\.yaml:2: the key 'name' stands here twice"),
            ("name: [\n", r"config\.yaml:\d: cannot be read as YAML"),
            ("name: !!python/none\n", r"config\.yaml:1: the tag"),
            ("- a\n", r"config\.yaml:1: expected a mapping"),
            ("name: W\nactions: [a]\n", r"config\.yaml:2: field 'actions': expected a mapping"),
            ("", r"config\.yaml:1: is empty"),
            ("name: \0\n", "has zero bytes"),
        ],
    )
    def test_what_cannot_be_read_is_refused_and_left(self, folder: Path, text: str, told: str) -> None:
        file = write(folder, text)
        with pytest.raises(PluginError, match=told):
            sync_config(folder)
        assert file.read_bytes() == text.encode()

    def test_the_rights_of_the_file_are_kept_and_nothing_is_left_beside_it(self, folder: Path) -> None:
        file = write(folder, ODD)
        file.chmod(0o640)
        sync_config(file)
        assert file.stat().st_mode & 0o777 == 0o640
        assert sorted(path.name for path in folder.iterdir()) == ["config.yaml", "plugin"]

    def test_a_link_is_written_through_inside_the_folder_only(self, folder: Path) -> None:
        (folder / "real.yaml").write_text(ODD)
        (folder / "config.yaml").symlink_to("real.yaml")
        assert sync_config(folder).changed
        assert (folder / "config.yaml").is_symlink()
        outside = folder.parent / "outside.yaml"
        outside.write_text(ODD)
        (folder / "config.yaml").unlink()
        (folder / "config.yaml").symlink_to(outside)
        with pytest.raises(PluginError, match="is a link that leads out of its folder"):
            sync_config(folder)
        assert outside.read_text() == ODD

    def test_a_disk_that_takes_no_more(self, folder: Path) -> None:
        file = write(folder, ODD)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
        try:
            with pytest.raises(PluginError, match="cannot be written: File too large"):
                sync_config(folder)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert file.read_text() == ODD
        assert sorted(path.name for path in folder.iterdir()) == ["config.yaml", "plugin"]


NAMES = ["alpha", "beta", "gamma", "null", "on", "ünder"]
comments = st.sampled_from(["", "  # a note", " #"])
indents = st.sampled_from([1, 2, 4])


@st.composite
def plugins(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A config in some layout, with entries that are right, moved, gone or not yet said, and the files beside it."""
    files = {
        f"m_{n}.py": ACTION.format("A", f"    action_name = {name!r}\n    input_type = 'Frames'\n")
        for n, name in enumerate(draw(st.lists(st.sampled_from(NAMES), unique=True)))
    }
    step, entry = " " * draw(indents), " " * draw(indents)
    points = st.sampled_from(["m_0:A", "m_1.A", "m_9:Gone", "'m_0:Gone'", '"x:Y"', "", "{}", "os:system"])
    lines = [f"name: W{draw(comments)}", "code: w"]
    listed = draw(st.lists(st.sampled_from(NAMES), unique=True))
    if listed or draw(st.booleans()):
        lines.append(f"actions:{draw(comments)}")
    for name in listed:
        lines.append(f"{step}{name}:{draw(comments)}")
        if point := draw(points):
            lines.append(
                f"{step}{entry}entrypoint:   {point}{draw(comments)}" if point != "{}" else f"{step}{entry}{{}}"
            )
        if point and point != "{}" and draw(st.booleans()):
            lines += [f"{step}{entry}method:  serve", f"{step}{entry}# about {name}"]
        lines += [""] * draw(st.integers(0, 1))
    lines += draw(st.sampled_from([[], ["# end"], ["note: 'kept'", ""], ["env: {A:  1}"]]))
    text = draw(st.sampled_from(["\n", "\r\n"])).join(lines)
    return text + draw(st.sampled_from(["", "\n"])), files


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(plugin=plugins())
def test_a_sync_keeps_what_it_finds_and_done_again_does_nothing(
    plugin: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    text, files = plugin
    folder = tmp_path_factory.mktemp("plugin")
    for name, code in files.items():
        (folder / name).write_text(code)
    file = write(folder, text)
    report = sync_config(folder)
    new = file.read_bytes().decode()
    again = sync_config(folder)
    assert (again.added, again.mended, again.changed) == ((), (), False)
    assert again.without_code == report.without_code
    assert file.read_bytes().decode() == new
    assert (new != text) == report.changed == bool(report.added or report.mended)
    lost = [line[2:].strip() for line in difflib.ndiff(text.splitlines(), new.splitlines()) if line[0] == "-"]
    assert len(lost) <= len(report.mended)
    assert all(line.startswith(("entrypoint:", "{}")) or line.partition(":")[0] in report.mended for line in lost)
    assert not any("is not in the config" in fault.message for fault in check_plugin(folder))
