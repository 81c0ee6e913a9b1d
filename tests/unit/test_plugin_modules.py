"""A plugin's modules, imported under a package of its own."""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from stages.core.code_files import code_files
from stages.core.stage_version import stage_version
from stages.plugins import PluginDiscovery
from stages.plugins.modules import open_package, package_name
from tests.unit.plugin_folders import COUNT, PluginFolders, refused


@pytest.fixture
def folders(tmp_path: Path) -> PluginFolders:
    return PluginFolders(tmp_path)


def run(folder: Path, action: str = "count") -> object:
    """What an action gives with the parameters that it has by default."""
    from tests.unit.harness import make_context

    return PluginDiscovery.from_path(folder).get_action_class(action)({}, make_context()).run()


def load_count(folder: Path) -> type:
    return PluginDiscovery.from_path(folder).get_action_class("count")


def load(folders: PluginFolders, files: dict[str, str]) -> ModuleType:
    """The module `plugin/start.py` of a plugin."""
    folder = folders.write("alpha", files)
    return importlib.import_module(f"{open_package(folders.code('alpha'), folder)}.plugin.start")


class TestSideBySide:
    def test_two_whose_packages_have_one_name(self, folders: PluginFolders) -> None:
        first, second = folders.write("alpha"), folders.write("beta")
        assert run(first) == ["a", "bc", "alpha"]
        assert run(second) == ["a", "bc", "beta"]
        assert run(first) == ["a", "bc", "alpha"]
        assert "plugin" not in sys.modules

    def test_two_folders_of_one_code_that_are_opened_by_hand(self, folders: PluginFolders) -> None:
        first = folders.write("alpha")
        second = folders.write("beta", code=folders.code("alpha"))
        assert run(first) == ["a", "bc", "alpha"]
        assert run(second) == ["a", "bc", "beta"]

    def test_data_types_of_one_name_in_two_plugins(self, folders: PluginFolders) -> None:
        from stages.core.datatype import find_type

        kind = "from stages.datatypes import DataType\nclass Marks{}(DataType):\n    description = {!r}"
        for name in ("alpha", "beta"):
            load(PluginFolders(folders.root / name), {"plugin/start.py": kind.format(folders.mark, name)})
        with pytest.raises(KeyError, match="There is no data type 'Marks"):
            find_type(f"Marks{folders.mark}")

    def test_of_two_folders_of_one_code_the_data_types_of_the_last_count(self, folders: PluginFolders) -> None:
        from stages.core.datatype import find_type

        files = {"plugin/start.py": "from stages.datatypes import DataType\nclass Marks(DataType): pass"}
        made = []
        for name in ("alpha", "beta"):
            folder = folders.write(name, files, code=folders.code("alpha"))
            package = open_package(folders.code("alpha"), folder)
            made.append(importlib.import_module(f"{package}.plugin.start").Marks)
        assert [kind.name for kind in made] == [f"{folders.code('alpha')}.Marks"] * 2
        assert find_type(f"{folders.code('alpha')}.Marks") is made[1]

    def test_a_data_type_of_one_plugin_is_found_without_its_code(self, folders: PluginFolders) -> None:
        from stages.core.datatype import find_type

        name = f"Marks{folders.mark}"
        found = load(
            folders, {"plugin/start.py": f"from stages.datatypes import DataType\nclass {name}(DataType): pass"}
        )
        assert find_type(name) is find_type(f"{folders.code('alpha')}.{name}") is getattr(found, name)


class TestImports:
    @pytest.mark.parametrize(
        "line",
        [
            "from plugin.words import ANSWER",
            "from plugin import words; ANSWER = words.ANSWER",
            "import plugin.words; ANSWER = plugin.words.ANSWER",
            "import plugin.words as w; ANSWER = w.ANSWER",
            "from .words import ANSWER",
            "from . import words; ANSWER = words.ANSWER",
            "from plugin.words import *",
            "from lone import ANSWER",
            "import lone; ANSWER = lone.ANSWER",
            "from deep.down.below import ANSWER",
            "def ask():\n    from plugin.words import ANSWER\n    return ANSWER\nANSWER = ask()",
        ],
    )
    def test_its_own_modules_by_the_names_they_have_in_the_folder(self, folders: PluginFolders, line: str) -> None:
        files = {"plugin/start.py": line, "plugin/words.py": "ANSWER = 42", "lone.py": "ANSWER = 42"}
        files |= {"deep/__init__.py": "", "deep/down/below.py": "from plugin.words import ANSWER"}
        assert load(folders, files).ANSWER == 42

    def test_others_are_everybodys(self, folders: PluginFolders) -> None:
        found = load(
            folders,
            {
                "plugin/start.py": "import json, yaml, stages.datatypes\nfrom collections import abc",
                "json.py": "raise OSError('the standard library is nobody else')",
                "stages/datatypes.py": "raise OSError('nor is Stagewright')",
                "yaml/notes.txt": "a folder without code is no package",
            },
        )
        import json

        import yaml

        assert (found.json, found.yaml) == (json, yaml)

    def test_a_package_of_its_own_comes_before_everybodys_a_mere_folder_of_the_name_does_not(
        self, folders: PluginFolders
    ) -> None:
        start = {"plugin/start.py": "from yaml import safe_load"}
        assert load(folders, {**start, "yaml/__init__.py": "safe_load = 'own'"}).safe_load == "own"
        other = PluginFolders(folders.root / "other")
        import yaml

        assert load(other, {**start, "yaml/more.py": ""}).safe_load is yaml.safe_load
        third = PluginFolders(folders.root / "third")
        stagewrights = {"plugin/start.py": "from flows import load", "flows/__init__.py": "load = 'own'"}
        assert load(third, stagewrights).load != "own"

    def test_relative_imports_are_of_the_package_whatever_lies_in_the_folder(self, folders: PluginFolders) -> None:
        files = {"plugin/start.py": "from .words import ANSWER", "plugin/words.py": "ANSWER = 42"}
        assert load(folders, {**files, "words.py": "ANSWER = 41"}).ANSWER == 42

    def test_an_import_runs_no_more_than_what_it_names(self, folders: PluginFolders) -> None:
        files = {"plugin/start.py": "import deep", "deep/__init__.py": "__all__ = ['down']", "deep/down.py": "1 / 0"}
        assert load(folders, files).deep.__all__ == ["down"]

    def test_of_each_other_in_a_circle(self, folders: PluginFolders) -> None:
        files = {
            "plugin/start.py": "import plugin.back as back\ndef two(): return back.one() + 1",
            "plugin/back.py": "import plugin.start as start\ndef one(): return 1\ndef three(): return start.two() + 1",
        }
        assert load(folders, files).back.three() == 3

    def test_a_package_that_is_the_folder_itself(self, folders: PluginFolders) -> None:
        kind = "from stages.datatypes import DataType\nclass Marks(DataType): pass\nANSWER = 42"
        folder = folders.write("alpha", {"__init__.py": kind, "start.py": "from . import ANSWER, Marks"})
        start = importlib.import_module(f"{open_package(folders.code('alpha'), folder)}.start")
        assert (start.ANSWER, start.Marks.name) == (42, f"{folders.code('alpha')}.Marks")
        assert sys.modules[start.__package__].__file__ == str(folder / "__init__.py")

    def test_a_folder_is_one_wherever_a_link_to_it_lies(self, folders: PluginFolders, tmp_path: Path) -> None:
        folder = folders.write("alpha")
        (tmp_path / "link").symlink_to(folder)
        assert open_package("linked", tmp_path / "link") == open_package("linked", folder)

    def test_nothing_is_written_into_the_folder(self, folders: PluginFolders, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "dont_write_bytecode", False)
        folder = folders.write("alpha")
        run(folder)
        assert not list(folder.rglob("__pycache__"))

    def test_what_has_changed_is_imported_anew(self, folders: PluginFolders) -> None:
        folder = folders.write("alpha")
        assert run(folder) == ["a", "bc", "alpha"]
        file = folder / "plugin/words.py"
        before = file.stat().st_mtime_ns
        file.write_text("WORDS = ['new']\n")
        os.utime(file, ns=(before + 1, before + 1))
        assert run(folder) == ["new"]
        assert load_count(folder) is load_count(folder)
        file.unlink()
        assert "No module named" in refused(folder)
        file.write_text("WORDS = ['back']\n")
        assert run(folder) == ["back"]

    def test_by_many_threads_at_once(self, folders: PluginFolders) -> None:
        files = {f"plugin/work{number}.py": COUNT for number in range(20)}
        actions = "".join(f"  work{number}: {{entrypoint: plugin.work{number}:CountAction}}\n" for number in range(20))
        folder = folders.write("alpha", {**files, "plugin/words.py": "WORDS = []"}, f"actions:\n{actions}")

        def load_one(turn: int) -> type:
            return PluginDiscovery.from_path(folder).get_action_class(f"work{turn % 20}")

        with ThreadPoolExecutor(20) as threads:
            found = list(threads.map(load_one, range(100)))
        assert all(found[turn] is found[turn % 20] for turn in range(100))


class TestElsewhere:
    def test_another_process_finds_classes_by_name_where_the_plugin_is_installed(
        self, folders: PluginFolders, tmp_path: Path
    ) -> None:
        folder = folders.write("alpha")
        found = PluginDiscovery.from_path(folder).get_action_class("count")
        code = (
            "import sys, pickle, stages.plugins.modules; kind = pickle.load(sys.stdin.buffer); "
            "print(kind.__module__, kind.params_model().least)"
        )
        told = subprocess.run(
            [sys.executable, "-c", code],
            input=pickle.dumps(found),
            env={**os.environ, "STAGEWRIGHT_PLUGINS": str(tmp_path)},
            capture_output=True,
            check=True,
        )
        assert told.stdout.decode().split() == [f"{package_name(folders.code('alpha'))}.plugin.count", "1"]

    def test_the_version_counts_the_plugins_own_modules_and_not_where_they_lie(
        self, folders: PluginFolders, tmp_path: Path
    ) -> None:
        folder = folders.write("alpha")
        first = PluginDiscovery.from_path(folder).get_action_definition("count")
        assert first.code is not None
        assert [name.partition(".")[2] for name in code_files(first.code)] == ["plugin.count", "plugin.words"]
        before = stage_version(first)
        (folder / "plugin/words.py").write_text("WORDS = ['another']\n")
        assert stage_version(PluginDiscovery.from_path(folder).get_action_definition("count")) != before
