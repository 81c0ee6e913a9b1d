"""The plugins of this machine, and their stages among all others."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from flows.command.plugins import check_plugins
from stages.core import discovery
from stages.core.discovery import load_faults
from stages.core.errors import PluginError, UnknownStage
from stages.core.registry import get_palette, get_stage, list_stages
from stages.plugins import PluginDiscovery, find_plugins, installed
from tests.unit.plugin_folders import PluginFolders


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

    def test_an_entry_point_names_a_package_and_nothing_of_it_is_run(
        self, folders: PluginFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("STAGEWRIGHT_PLUGINS")
        monkeypatch.syspath_prepend(str(tmp_path))
        name = f"installed_{folders.mark}"
        config = "actions:\n  count: {entrypoint: count:Count}\n"
        count = "from stages.plugins import BaseAction\nfrom PKG.words import WORDS\nclass Count(BaseAction):\n"
        count = count.replace("PKG", f"{name}.inner") + "    def execute(self): return WORDS\n"
        files = {"inner/config.yaml": f"name: x\ncode: {folders.code('x')}\n{config}", "inner/count.py": count}
        folders.write(name, {**files, "__init__.py": "", "inner/__init__.py": "", "inner/words.py": "WORDS = [1]"})
        points = [EntryPoint("x", f"{name}.inner", installed.GROUP), EntryPoint("y", "nowhere.x", installed.GROUP)]
        monkeypatch.setattr(installed, "_entry_points", lambda: points)
        good, lost = find_plugins()
        assert (good.folder, good.package) == (tmp_path / name / "inner", f"{name}.inner")
        assert [fault.message for fault in lost.errors] == [
            "the entry point 'y' (nowhere.x) names no package that is installed"
        ]
        made = get_stage(f"{folders.code('x')}.count")
        assert made.code.__module__ == f"{name}.inner.count"  # type: ignore[union-attr]


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
