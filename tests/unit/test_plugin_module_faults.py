"""What is wrong with a plugin's modules is told when they are imported, with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.core.errors import PluginError
from stages.plugins import PluginDiscovery
from tests.unit.plugin_folders import PluginFolders, refused


@pytest.fixture
def folders(tmp_path: Path) -> PluginFolders:
    return PluginFolders(tmp_path)


class TestFaults:
    def test_code_that_raises_at_import_names_its_line(self, folders: PluginFolders) -> None:
        folder = folders.write("alpha", {"plugin/count.py": "import plugin.bad", "plugin/bad.py": "\n\n1 / 0\n"})
        assert refused(folder) == (
            f"{folder}/plugin/bad.py:3: the module does not load: ZeroDivisionError: division by zero"
        )

    def test_code_that_ends_the_process_at_import(self, folders: PluginFolders) -> None:
        folder = folders.write("alpha", {"plugin/count.py": "raise SystemExit(3)"})
        assert refused(folder) == f"{folder}/plugin/count.py:1: the module does not load: SystemExit: 3"

    @pytest.mark.parametrize(
        ("code", "told"),
        [
            (
                "import pytest\npytest.importorskip('nowhere_to_be_found')",
                "2: the module does not load: Skipped: could not",
            ),
            (
                "import asyncio\nraise asyncio.CancelledError('stop')",
                "2: the module does not load: CancelledError: stop",
            ),
        ],
    )
    def test_code_that_raises_at_import_what_is_no_exception(
        self, folders: PluginFolders, code: str, told: str
    ) -> None:
        folder = folders.write("alpha", {"plugin/count.py": code})
        assert refused(folder).startswith(f"{folder}/plugin/count.py:{told}")

    def test_who_interrupts_an_import_is_obeyed(self, folders: PluginFolders) -> None:
        folder = folders.write("alpha", {"plugin/count.py": "raise KeyboardInterrupt"})
        with pytest.raises(KeyboardInterrupt):
            PluginDiscovery.from_path(folder).get_action_class("count")

    def test_a_syntax_error(self, folders: PluginFolders) -> None:
        folder = folders.write("alpha", {"plugin/count.py": "x = 1\ndef count(:\n"})
        assert refused(folder) == f"{folder}/plugin/count.py:2: the module does not load: SyntaxError: invalid syntax"

    def test_a_module_that_is_not_installed(self, folders: PluginFolders) -> None:
        folder = folders.write("alpha", {"plugin/count.py": "import nowhere_to_be_found"})
        assert refused(folder) == (
            f"{folder}/plugin/count.py:1: the module does not load: ModuleNotFoundError: No module named "
            "'nowhere_to_be_found'; install it"
        )

    def test_a_module_of_its_own_that_is_not_there(self, folders: PluginFolders) -> None:
        folder = folders.write("alpha", {"plugin/count.py": "x = 1\nfrom plugin.nope import x"})
        assert refused(folder) == (
            f"{folder}/plugin/count.py:2: the module does not load: ModuleNotFoundError: No module named "
            "'plugin.nope'; there is no such module in the plugin's folder"
        )

    @pytest.mark.parametrize("code", ["x = 1\0", "from plugin.bad import x"])
    def test_null_bytes(self, folders: PluginFolders, code: str) -> None:
        folder = folders.write("alpha", {"plugin/count.py": code, "plugin/bad.py": "x = 1\0"})
        bad = "bad" if "bad" in code else "count"
        assert refused(folder).startswith(f"{folder}/plugin/{bad}.py:1: the module does not load: ")
        assert "null bytes" in refused(folder)

    def test_code_that_is_made_while_it_runs(self, folders: PluginFolders) -> None:
        folder = folders.write("alpha", {"plugin/count.py": "x = 1\nexec('def')"})
        assert refused(folder).startswith(f"{folder}/plugin/count.py:2: the module does not load: SyntaxError")

    def test_a_name_that_the_module_fails_to_give(self, folders: PluginFolders) -> None:
        folder = folders.write("alpha", {"plugin/count.py": "def __getattr__(name):\n    raise RuntimeError('no')"})
        assert refused(folder) == f"{folder}/plugin/count.py:2: the module does not load: RuntimeError: no"

    def test_what_an_action_leaves_unwritten(self, folders: PluginFolders) -> None:
        code = """
            from abc import abstractmethod
            from stages.plugins import BaseAction
            class CountAction(BaseAction):
                def execute(self): ...
                @abstractmethod
                def look(self): ...
        """
        folder = folders.write("alpha", {"plugin/count.py": code})
        assert refused(folder) == f"{folder}/config.yaml:5: 'plugin.count:CountAction' has no look()."

    def test_a_module_of_an_installed_package_by_its_name_in_the_folder(
        self, folders: PluginFolders, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name = f"installed_{folders.mark}"
        folders.write(name, {"__init__.py": "", "plugin/count.py": "from plugin.words import WORDS"})
        monkeypatch.syspath_prepend(str(folders.root))
        with pytest.raises(PluginError) as e:
            PluginDiscovery.from_module(name).get_action_class("count")
        assert str(e.value).endswith(f"No module named 'plugin'; in an installed package write '{name}.plugin'")

    def test_a_link_to_code_elsewhere(self, folders: PluginFolders) -> None:
        folder, other = folders.write("alpha", {"x.py": ""}), folders.write("beta")
        (folder / "plugin").symlink_to(other / "plugin")
        assert refused(folder).startswith(f"{folder}: the module does not load: ImportError: {folder}/plugin/count.py")

    def test_a_circle_that_cannot_be_resolved(self, folders: PluginFolders) -> None:
        files = {"plugin/count.py": "from plugin.back import b", "plugin/back.py": "from plugin.count import a"}
        folder = folders.write("alpha", files)
        assert refused(folder).startswith(f"{folder}/plugin/back.py:1: the module does not load: ImportError: cannot")

    def test_an_entry_point_outside_the_plugin(self, folders: PluginFolders) -> None:
        folder = folders.write("alpha", config="actions:\n  count:\n    entrypoint: os.path:join\n")
        assert refused(folder) == (
            f"{folder}/config.yaml:5: there is no module 'os' in the plugin's folder; entry points are relative to it."
        )

    def test_a_link_that_leads_out_of_it(self, folders: PluginFolders, tmp_path: Path) -> None:
        folder = folders.write("alpha", {"plugin/words.py": ""})
        (tmp_path / "outside.py").write_text("class CountAction: pass")
        (folder / "plugin/count.py").symlink_to(tmp_path / "outside.py")
        assert "plugin/count.py leads out of the plugin's folder" in refused(folder)

    def test_a_class_that_is_not_there_and_one_that_is_no_action(self, folders: PluginFolders) -> None:
        folder = folders.write("alpha", {"plugin/count.py": "class CountActon: pass"})
        assert refused(folder) == (
            f"{folder}/plugin/count.py defines no 'CountAction', which the entry point 'plugin.count:CountAction' "
            "names; did you mean 'CountActon'?"
        )
        (folder / "plugin/count.py").write_text("class CountAction: pass  # none at all")
        assert refused(folder) == (
            f"{folder}/config.yaml:5: 'plugin.count:CountAction' is no action; derive it from "
            "stages.plugins.BaseAction, or mark a function with @action."
        )
