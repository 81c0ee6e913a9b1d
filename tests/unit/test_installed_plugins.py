"""The plugins of this machine, and their stages among all others."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.command.plugins import check_plugins, show_plugins
from flows.executors.calls import ActionCall
from flows.executors.sent import SentCall
from stages.core import discovery
from stages.core.discovery import load_faults
from stages.core.errors import PluginError, UnknownStage, UsageError
from stages.core.registry import get_palette, get_stage, list_stages
from stages.core.scratch import scratch_blobs
from stages.plugins import PluginDiscovery, find_plugins, installed
from stages.plugins.installed import find_plugin
from tests.unit.installed_package import on_the_path, write_metadata
from tests.unit.plugin_folders import PluginFolders

ACTIONS = "actions:\n  count: {entrypoint: count:Count}\n  again: {entrypoint: count:Count}\n"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_stages: None) -> PluginFolders:
    """The only place where plugins are looked for."""
    monkeypatch.setenv("STAGEWRIGHT_PLUGINS", str(tmp_path))
    monkeypatch.setattr(discovery, "_seen", set(discovery._seen))
    monkeypatch.setattr(discovery, "_faults", [])
    monkeypatch.setattr(installed, "_entry_points", list)
    return PluginFolders(tmp_path)


class TestFinding:
    def test_a_folder_is_a_plugin_or_holds_some(
        self, folders: PluginFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = folders.write("alpha"), folders.write("beta")
        (tmp_path / "no plugin").mkdir()
        assert [plugin.folder for plugin in find_plugins()] == [first, second]
        monkeypatch.setenv("STAGEWRIGHT_PLUGINS", f" {second} ,,{tmp_path}, {first}/")
        assert [plugin.folder for plugin in find_plugins()] == [second, first]

    def test_none_is_named(
        self, monkeypatch: pytest.MonkeyPatch, folders: PluginFolders, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.delenv("STAGEWRIGHT_PLUGINS")
        assert find_plugins() == []
        assert check_plugins(None, imports=False, as_json=False) == 0
        assert capsys.readouterr().err.startswith("There are no plugins. Name a folder of one")

    def test_one_whose_code_is_not_there_is_not_ready(
        self, folders: PluginFolders, capsys: pytest.CaptureFixture[str]
    ) -> None:
        texts = {"good": None, "lost": {"plugin/count.py": "x = 1"}, "torn": {"plugin/count.py": "class ("}}
        for name, files in texts.items():
            folders.write(name, files)
        assert show_plugins(as_json=True) == 0
        told = {plugin["code"]: plugin for plugin in json.loads(capsys.readouterr().out)["plugins"]}
        assert [told[folders.code(name)]["ready"] for name in texts] == [True, False, False]
        assert "defines no 'CountAction'" in told[folders.code("lost")]["faults"][0]["message"]
        show_plugins(as_json=False)
        shown = capsys.readouterr()
        assert [("ready" in line, "1 fault" in line) for line in shown.out.splitlines()[-3:]] == [
            (True, False),
            (False, True),
            (False, True),
        ]
        assert "torn/plugin/count.py:1: is not Python" in shown.err

    def test_a_folder_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch, folders: PluginFolders) -> None:
        monkeypatch.setenv("STAGEWRIGHT_PLUGINS", "/nowhere/at/all")
        (plugin,) = find_plugins()
        assert [str(fault) for fault in plugin.errors] == ["/nowhere/at/all: there is no such folder"]

    def test_a_plugin_may_be_named_by_its_config(self, monkeypatch: pytest.MonkeyPatch, folders: PluginFolders) -> None:
        folder = folders.write("alpha")
        monkeypatch.setenv("STAGEWRIGHT_PLUGINS", f"{folder}/config.yaml")
        assert [plugin.folder for plugin in find_plugins()] == [folder]
        assert get_stage(f"{folders.code('alpha')}.count")

    def test_a_folder_of_ones_home(
        self, monkeypatch: pytest.MonkeyPatch, folders: PluginFolders, tmp_path: Path
    ) -> None:
        folder = folders.write("alpha")
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("STAGEWRIGHT_PLUGINS", "~/alpha")
        assert [plugin.folder for plugin in find_plugins()] == [folder]

    def test_a_home_that_nobody_has(self, monkeypatch: pytest.MonkeyPatch, folders: PluginFolders) -> None:
        monkeypatch.setenv("STAGEWRIGHT_PLUGINS", "~nobody-of-that-name/plugins")
        (plugin,) = find_plugins()
        assert "~nobody-of-that-name/plugins: there is no such folder" in str(plugin.errors[0])


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_stages: None) -> Iterator[PluginFolders]:
    """Where Python looks for packages, too: one with a plugin in it, and an entry point that leads nowhere."""
    monkeypatch.delenv("STAGEWRIGHT_PLUGINS", raising=False)
    monkeypatch.setattr(discovery, "_seen", set(discovery._seen))
    monkeypatch.setattr(discovery, "_faults", [])
    found = PluginFolders(tmp_path / "site-packages")
    name = found.code("words")
    count = f"from stages.plugins import BaseAction\nfrom {name}.inner.words import WORDS\n"
    count += "class Count(BaseAction):\n    def execute(self): return WORDS\n"
    files = {"config.yaml": f"name: x\ncode: {found.code('x')}\nenv: {{UNIT: letters}}\n{ACTIONS}", "count.py": count}
    own = {f"inner/{path}": text for path, text in files.items()}
    found.write(name, {**own, "__init__.py": "", "inner/words.py": "WORDS = [1]"})
    write_metadata(found.root, name, f"[{installed.GROUP}]\nx = {name}.inner\ny = nowhere_{found.mark}.x\n")
    with on_the_path(found.root, monkeypatch):
        yield found


class TestPackages:
    def test_an_entry_point_names_one_and_nothing_of_it_is_run(self, packages: PluginFolders) -> None:
        name = packages.code("words")
        good, lost = (plugin for plugin in find_plugins() if packages.mark in plugin.origin)
        assert (good.folder, good.package) == (packages.root / name / "inner", f"{name}.inner")
        assert [fault.message for fault in lost.errors] == [
            f"the entry point 'y' (nowhere_{packages.mark}.x) names no package that is installed"
        ]
        assert not [module for module in sys.modules if module.startswith(name)]
        made = get_stage(f"{packages.code('x')}.count")
        assert made.code.__module__ == f"{name}.inner.count"  # type: ignore[union-attr]

    def test_one_whose_folder_is_named_as_well_stays_one(
        self, packages: PluginFolders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "link").symlink_to(packages.root / packages.code("words"))
        monkeypatch.setenv("STAGEWRIGHT_PLUGINS", str(tmp_path / "link"))
        (good,) = (plugin for plugin in find_plugins() if plugin.name == packages.code("x"))
        assert (good.package, good.errors) == (f"{packages.code('words')}.inner", [])
        assert find_plugin(tmp_path / "link" / "inner") == find_plugin(packages.code("x")) == good

    @pytest.mark.parametrize("action", ["count", "again"])
    def test_a_call_of_its_action_finds_that_by_the_package(self, packages: PluginFolders, action: str) -> None:
        plugin = PluginDiscovery.of_installed(find_plugin(packages.code("x")))
        call = ActionCall.of(plugin.get_action_class(action), None, None, scratch_blobs(), "job-1")
        sent = SentCall.from_json(SentCall.of(call, "job-1").to_json())
        assert sent.names == {"action": action, "package": f"{packages.code('words')}.inner"}
        opened = sent.opened(None)
        assert opened.call.definition.name == f"{packages.code('x')}.{action}"
        assert opened.call.definition.env == {"UNIT": "letters"}
        assert opened.call.key == call.call.key

    def test_a_call_where_it_is_not_installed(self, packages: PluginFolders) -> None:
        with pytest.raises(UsageError, match=r"'count' is of the package 'nowhere.x', which .* does not have. Install"):
            SentCall.action({"action": "count", "package": "nowhere.x"}, packages.root)
        words = packages.root / packages.code("words") / "inner" / "__init__.py"
        words.write_text("import nowhere_to_be_found\n")
        with pytest.raises(PluginError, match="No module named 'nowhere_to_be_found'"):
            SentCall.action({"action": "count", "package": f"{packages.code('words')}.inner"}, None)


class TestStages:
    def test_actions_are_stages_under_the_plugins_code(self, folders: PluginFolders) -> None:
        folders.write("alpha")
        folders.write("beta")
        names = {made.name for made in list_stages()}
        assert {f"{folders.code('alpha')}.count", f"{folders.code('beta')}.count"} <= names
        assert f"{folders.code('alpha')}.count" in {made.name for made in get_palette()["custom"]}
        assert load_faults() == []

    def test_one_that_one_plugin_alone_brings_is_found_without_its_code(self, folders: PluginFolders) -> None:
        name = f"count_{folders.mark}"
        config = f"actions:\n  {name}: {{entrypoint: 'plugin.count:CountAction'}}\n"
        folders.write("alpha", config=config)
        assert get_stage(name).name == f"{folders.code('alpha')}.{name}"

    def test_one_that_several_bring_is_not(self, folders: PluginFolders) -> None:
        name = f"count_{folders.mark}"
        config = f"actions:\n  {name}: {{entrypoint: 'plugin.count:CountAction'}}\n"
        first, second = (folders.code(folders.write(n, config=config).name) for n in ("alpha", "beta"))
        with pytest.raises(UnknownStage) as e:
            get_stage(name)
        assert str(e.value) == f"There are several stages {name!r}: write which one, {first}.{name} or {second}.{name}."

    def test_a_stage_that_needs_no_plugin_imports_none(self, folders: PluginFolders) -> None:
        folders.write("alpha", {"plugin/count.py": "raise OSError('imported')"})
        assert get_stage("extract_frames").name == "extract_frames"
        assert load_faults() == []

    def test_a_warning_keeps_none_from_being_used(self, folders: PluginFolders) -> None:
        config = "mystery: 1\nactions:\n  count: {entrypoint: 'plugin.count:CountAction'}\n"
        folders.write("alpha", config=config)
        (plugin,) = find_plugins()
        assert ([fault.severity for fault in plugin.faults], plugin.errors) == (["warning"], [])
        assert get_stage(f"{folders.code('alpha')}.count")
        assert load_faults() == []

    def test_a_broken_one_is_told_and_stops_no_other(self, folders: PluginFolders) -> None:
        broken = folders.write("alpha", {"plugin/count.py": "1 / 0"})
        folders.write("beta")
        folders.write("gamma", config="actions: 3\n")
        assert get_stage(f"{folders.code('beta')}.count")
        first, second = load_faults()
        assert first == (
            f"plugin {folders.code('alpha')!r} ({broken}), action 'count': {broken}/plugin/count.py:1: "
            "the module does not load: ZeroDivisionError: division by zero"
        )
        assert second.startswith("plugin 'gamma' (")
        assert "config.yaml:3: field 'actions'" in second
        with pytest.raises(UnknownStage) as e:
            get_stage(f"{folders.code('alpha')}.count")
        assert str(e.value).endswith(f" Not loaded: {first}.")
        with pytest.raises(UnknownStage, match="Not loaded: plugin 'gamma'"):
            get_stage("other.count")

    def test_one_broken_action_stops_no_other_of_its_plugin(self, folders: PluginFolders) -> None:
        config = "actions:\n  bad: {entrypoint: 'plugin.bad:X'}\n  count: {entrypoint: 'plugin.count:CountAction'}\n"
        folders.write("alpha", config=config)
        assert get_stage(f"{folders.code('alpha')}.count")
        assert len(load_faults()) == 1

    def test_two_of_one_code_are_both_refused(self, folders: PluginFolders) -> None:
        first = folders.write("alpha", code=f"same-{folders.mark}")
        second = folders.write("beta", code=f"Same_{folders.mark}")
        with pytest.raises(UnknownStage):
            get_stage(f"same-{folders.mark}.count")
        told = load_faults()
        assert len(told) == 2
        assert f"the code 'same-{folders.mark}' is also that of {second}; none is loaded" in told[0]
        assert f"the code 'Same_{folders.mark}' is also that of {first}; none is loaded" in told[1]
        with pytest.raises(PluginError, match="is also that of"):
            PluginDiscovery.of_installed(find_plugins()[0])
