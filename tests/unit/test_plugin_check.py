"""A plugin's config held against its code, all of it read and none of it run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stages.plugins.check import check_plugin
from tests.unit.plugin_folders import PluginFolders

ACTION = "from stages.plugins import BaseAction\nclass GoAction(BaseAction[int]):\n{}    def execute(self): ...\n"

DIAMOND = """
from abc import abstractmethod
from stages.plugins import BaseAction
class Base(BaseAction):
    @abstractmethod
    def execute(self): ...
class One(Base): ...
class _Other(Base):
    @made
    def execute(self): ...
class GoAction(One, _Other): ...
"""
GENERIC = """from abc import ABC, abstractmethod
from typing import Generic, TypeVar
from stages.plugins import BaseAction
P = TypeVar("P")
class Base(BaseAction[P], ABC, Generic[P]):
    def look(self): ...
class GoAction(Base[int]):
    action_name = "go"
    @abstractmethod
    def execute(self): ...
"""


@pytest.fixture
def folders(tmp_path: Path) -> PluginFolders:
    return PluginFolders(tmp_path)


def checked(folders: PluginFolders, config: str, files: dict[str, str] | None = None) -> list[str]:
    """What is said of a plugin: `severity place: message`, with paths as seen from its folder."""
    folder = folders.write("toy", files if files is not None else {"go.py": ACTION.format("")}, config)
    return [f"{f.severity} {str(f).replace(f'{folder}/', '')}" for f in check_plugin(folder)]


def entry(point: str, more: str = "") -> str:
    return f"actions:\n  go:\n    entrypoint: {point}\n{more}"


def test_a_plugin_in_order(folders: PluginFolders) -> None:
    assert check_plugin(folders.write("words")) == []


@pytest.mark.parametrize("point", ["go:GoAction", "go.GoAction", "'go:GoAction'"])
def test_both_ways_to_write_an_entry_point(folders: PluginFolders, point: str) -> None:
    assert checked(folders, entry(point)) == []


def test_a_function_and_a_name_that_is_passed_on(folders: PluginFolders) -> None:
    files = {
        "p/__init__.py": "from .work import go as going\n",
        "p/work.py": "from stages.plugins import action\n@action\ndef go(params, ctx): ...\n",
    }
    assert checked(folders, entry("p:going"), files) == []


def test_what_would_have_to_be_awaited(folders: PluginFolders) -> None:
    code = """
    from stages.plugins import BaseAction, action
    from elsewhere import to_sync
    class Slow(BaseAction[int]):
        async def execute(self): ...
    class SlowerAction(Slow): ...
    class GoAction(Slow):
        def execute(self): ...
    class MadeAction(BaseAction[int]):
        @to_sync
        async def execute(self): ...
    @action()
    async def late(params, ctx): ...
    @action
    @to_sync
    async def made_too(params, ctx): ...
    """
    names = ("slow:Slow", "slower:SlowerAction", "go:GoAction", "made:MadeAction", "late:late", "made_too:made_too")
    places = [name.split(":") for name in names]
    config = "actions:\n" + "".join(f"  {name}: {{entrypoint: 'go:{place}'}}\n" for name, place in places)
    told = checked(folders, config, {"go.py": code})
    assert [line.partition(": it is `async def`, but")[0] for line in told] == [
        "error go.py:4: action 'slow'",
        "error go.py:6: action 'slower'",
        "error go.py:13: action 'late'",
    ]


class TestEntryPoints:
    @pytest.mark.parametrize(
        ("point", "told"),
        [
            ("os:system", "'os' is not the plugin's own code: an entry point stays inside the plugin's folder"),
            ("stages.plugins:BaseAction", "'stages.plugins' is not the plugin's own code"),
            (
                "goo:GoAction",
                "no module 'goo' in the plugin's folder, to which an entry point is relative; did you mean 'go'?",
            ),
            ("go:GoActoin", "go.py defines no 'GoActoin'; did you mean 'GoAction'?"),
            ("..up:GoAction", "expected 'module:Class' or 'module.Class'"),
            ("../up:GoAction", "expected 'module:Class' or 'module.Class'"),
            ("go.py", "defines no 'py'. It has: BaseAction, GoAction"),
            ("go:GoAction.execute", "expected 'module:Class' or 'module.Class'"),
        ],
    )
    def test_an_entry_point_that_leads_nowhere(self, folders: PluginFolders, point: str, told: str) -> None:
        first = checked(folders, entry(point))[0]
        assert first.startswith("error config.yaml:5: field 'actions.go.entrypoint': ")
        assert told in first

    def test_an_action_that_moved_is_told_with_its_new_place(self, folders: PluginFolders) -> None:
        (told,) = checked(folders, entry("went:GoAction"))
        assert told.endswith("The action 'go' is now 'go:GoAction': `stagewright plugin sync` mends it.")

    def test_a_link_that_leads_out(self, folders: PluginFolders) -> None:
        folder = folders.write("toy", {}, entry("away:GoAction"))
        (folder.parent / "away.py").write_text(ACTION.format(""))
        os.symlink(folder.parent / "away.py", folder / "away.py")
        (fault,) = check_plugin(folder)
        assert "leads out of the plugin's folder (away.py is a link to" in fault.message
        assert fault.severity == "error"

    @pytest.mark.parametrize(
        "code",
        [
            "from somewhere import GoAction\n",
            "GoAction = make()\n",
            "from somewhere import *\n",
            "from somewhere import Base\nclass GoAction(Base): ...\n",
            "from somewhere import *\nclass GoAction(object): ...\n",
            "from stages.plugins import BaseAction\nclass GoAction(make(BaseAction)): ...\n",
            "from stages.plugins import BaseAction\nclass GoAction(BaseAction, Missing): ...\n",
            "from stages.plugins import BaseAction\nclass GoAction(BaseAction, metaclass=Meta): ...\n",
            "from stages.plugins import BaseAction\n@made\nclass GoAction(BaseAction): ...\n",
            "from stages.plugins import BaseAction\nclass GoAction(BaseAction): ...\nGoAction.execute = run\n",
            "from stages.plugins import BaseAction\nclass GoAction(BaseAction):\n    from somewhere import execute\n",
            "from stages.plugins import BaseAction\nclass GoAction(BaseAction):\n    execute, a = run, 1\n",
            "try:\n    from somewhere import GoAction\nexcept ImportError:\n    class GoAction: ...\n",
            "@made\ndef GoAction(params, ctx): ...\n",
            "def GoAction(params, ctx): ...\nGoAction = made(GoAction)\n",
            DIAMOND,
        ],
    )
    def test_what_cannot_be_told_to_be_an_action_is_a_warning(self, folders: PluginFolders, code: str) -> None:
        (told,) = checked(folders, entry("go:GoAction"), {"go.py": code})
        assert told.startswith(
            "warning config.yaml:5: field 'actions.go.entrypoint': 'go:GoAction': as far as can be seen"
        )

    @pytest.mark.parametrize(
        ("code", "told"),
        [
            ("class GoAction:\n    pass\n", "1) is no action; derive it from"),
            ("from pydantic import BaseModel\nclass GoAction(BaseModel):\n    a: int = 1\n", "2) is no action; derive"),
            (
                "class A:\n    def execute(self): ...\nclass GoAction(A, dict):\n    'Text.'\n",
                "3) is no action; derive",
            ),
            (
                "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass GoAction: ...\n",
                "3) is no action; derive",
            ),
            ("def GoAction(params, ctx): ...\n", "1) is no action; mark the function with @action"),
            (
                "from stages.plugins import BaseAction\nclass GoAction(BaseAction[int]): ...\n",
                "2) has no execute(); write",
            ),
            (GENERIC, "7) has no execute(); write what it does as that method"),
        ],
    )
    def test_what_is_no_action_for_certain_is_an_error(self, folders: PluginFolders, code: str, told: str) -> None:
        (first,) = checked(folders, entry("go:GoAction"), {"go.py": code})
        start = "error config.yaml:5: field 'actions.go.entrypoint': 'go:GoAction' (go.py:"
        assert first.startswith(start + told)

    def test_what_brings_an_execute_by_its_base(self, folders: PluginFolders) -> None:
        code = "from stages.plugins import BaseTrainAction\nclass GoAction(BaseTrainAction): ...\n"
        assert checked(folders, entry("go:GoAction"), {"go.py": code}) == []

    def test_a_file_that_is_not_python_is_told_once_and_in_its_line(self, folders: PluginFolders) -> None:
        assert checked(folders, entry("go:GoAction"), {"go.py": "x = 1\nclass (\n"}) == [
            "error go.py:2: is not Python: invalid syntax"
        ]

    def test_code_that_would_do_harm_is_checked_all_the_same(self, folders: PluginFolders) -> None:
        code = "import os\nos.abort()\n" + ACTION.format("")
        assert checked(folders, entry("go:GoAction"), {"go.py": code}) == []

    def test_a_schema_must_be_there_too(self, folders: PluginFolders) -> None:
        good = ACTION.format("") + "class Params: ...\n"
        assert checked(folders, entry("go:GoAction", "    params_schema: go:Params\n"), {"go.py": good}) == []
        (told,) = checked(folders, entry("go:GoAction", "    params_schema: go:Parms\n"), {"go.py": good})
        assert (
            "config.yaml:6: field 'actions.go.params_schema': go.py defines no 'Parms'; did you mean 'Params'?" in told
        )


class TestTypes:
    def test_a_type_that_differs_from_the_code(self, folders: PluginFolders) -> None:
        files = {"go.py": ACTION.format("    input_type = 'Frames'\n")}
        (told,) = checked(folders, entry("go:GoAction", "    input_type: Tracks\n"), files)
        assert told.startswith(
            "warning config.yaml:6: field 'actions.go.input_type': found 'Tracks', but the code says "
        )
        assert told.endswith("'Frames', which counts (go.py:2)")

    def test_a_type_that_is_nowhere(self, folders: PluginFolders) -> None:
        (told,) = checked(folders, entry("go:GoAction", "    output_type: Frmes\n"))
        assert told == (
            "error config.yaml:6: field 'actions.go.output_type': there is no data type 'Frmes'; did you mean 'Frames'?"
        )

    def test_a_type_that_only_the_code_names(self, folders: PluginFolders) -> None:
        files = {"go.py": ACTION.format("    input_type = 'Frmes'\n")}
        (told,) = checked(folders, entry("go:GoAction"), files)
        assert told == "error go.py:2: action 'go': there is no data type 'Frmes'; did you mean 'Frames'?"

    @pytest.mark.parametrize(
        ("code", "name"),
        [
            ("from stages import DataType\nclass Words(DataType): ...\n", "Words"),
            ("from stages import DataType\nclass Words(DataType):\n    name = 'words'\n", "words"),
            ("from elsewhere import Words\n", "Words"),
        ],
    )
    def test_a_type_of_the_plugins_own_is_believed(self, folders: PluginFolders, code: str, name: str) -> None:
        files = {"types_of_ours.py": code, "go.py": ACTION.format("    input_type = types_of_ours.Words\n")}
        assert checked(folders, entry("go:GoAction", f"    input_type: {name}\n"), files) == []

    def test_a_type_of_the_plugins_own_may_have_its_code_before_it(self, folders: PluginFolders) -> None:
        kind = "from stages import DataType\nclass Words(DataType): ...\n"
        files = {"go.py": kind + ACTION.format("    input_type = Words\n")}

        def told(code: str) -> list[str]:
            return checked(folders, entry("go:GoAction", f"    input_type: {code}.Words\n"), files)

        assert told(folders.code("toy")) == []
        assert "there is no data type 'other.Words'" in told("other")[0]
        (fault,) = checked(folders, "env: 3\n" + entry("go:GoAction", "    input_type: hidden.Words\n"), files)
        assert "field 'env'" in fault


class TestBoth:
    def test_an_action_that_is_not_listed(self, folders: PluginFolders) -> None:
        files = {"go.py": ACTION.format(""), "more.py": ACTION.format("").replace("Go", "More")}
        assert checked(folders, entry("go:GoAction"), files) == [
            "warning more.py:2: the action 'more' is not in the config; `stagewright plugin sync` adds it"
        ]

    def test_an_action_may_be_listed_by_another_name(self, folders: PluginFolders) -> None:
        assert checked(folders, "actions: {other: {entrypoint: 'go:GoAction'}}\n") == []

    def test_faults_of_config_and_code_are_told_at_once(self, folders: PluginFolders) -> None:
        files = {"go.py": ACTION.format("    input_type = 'Frmes'\n"), "bad.py": "def\n"}
        told = checked(folders, "version: 1.0\nnote: x\n" + entry("gone:X"), files)
        assert [line.split(": ")[0] for line in told] == [
            "error config.yaml:3",
            "warning config.yaml:4",
            "error config.yaml:7",
            "error bad.py:1",
            "error go.py:2",
        ]

    def test_wheels_that_lie_elsewhere(self, folders: PluginFolders) -> None:
        folder = folders.write("toy", {"go.py": ACTION.format("")}, entry("go:GoAction"))
        os.symlink(folder.parent, folder / "wheels")
        (fault,) = check_plugin(folder)
        assert fault.message == "'wheels' is a link that leads out of the plugin's folder"

    def test_no_config_and_no_folder(self, tmp_path: Path) -> None:
        assert "a plugin's folder needs a config.yaml" in str(check_plugin(tmp_path)[0])
        assert [str(fault) for fault in check_plugin(tmp_path / "none")] == [
            f"{tmp_path}/none: there is no such folder"
        ]
