"""The actions in a plugin's code, found without running any of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from stages.plugins import PluginDiscovery
from stages.plugins.reading_code import FoundAction, find_actions

BASE = "from stages.plugins import BaseAction, action\n"

Written = Callable[..., Path]


@pytest.fixture
def plugin(tmp_path: Path) -> Written:
    """Writes files of a plugin, given as {path: text}."""

    def write(files: dict[str, str]) -> Path:
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(dedent(text))
        return tmp_path

    return write


def names(folder: Path) -> list[str]:
    return [action.name for action in find_actions(folder)[0]]


def found(folder: Path, name: str) -> FoundAction:
    return next(action for action in find_actions(folder)[0] if action.name == name)


def told(folder: Path) -> list[str]:
    return [str(fault).replace(f"{folder}/", "") for fault in find_actions(folder)[1]]


class TestClasses:
    def test_an_action_with_what_it_says(self, plugin: Written) -> None:
        folder = plugin(
            {
                "plugin/train.py": BASE
                + """
class TrainAction(BaseAction[int]):
    input_type = YOLODataset
    output_type = "ModelWeights"

    def execute(self): ...
"""
            }
        )
        (action,) = find_actions(folder)[0]
        assert action == FoundAction(
            name="train",
            entrypoint="plugin.train:TrainAction",
            input_type="YOLODataset",
            output_type="ModelWeights",
            file=str(folder / "plugin/train.py"),
            line=3,
        )

    @pytest.mark.parametrize(
        ("line", "name"),
        [
            ("class YOLOTrainAction(BaseAction[P]): {}", "yolo_train"),
            ("class Train(BaseAction): {}", "train"),
            ("class ExportONNX2Action(BaseAction): {}", "export_onnx2"),
            ("class A(BaseAction): action_name = 'own'; {}", "own"),
            ("class A(BaseAction): action_name: ClassVar[str] = 'own'; {}", "own"),
            ("class A(BaseAction): action_name = OWN; {}", "of_the_module"),
            ("class MadeAction(BaseAction): action_name = 'a' + 'b'; {}", "made"),
        ],
    )
    def test_names(self, line: str, name: str, plugin: Written) -> None:
        folder = plugin({"p.py": f"{BASE}OWN = 'of_the_module'\n{line.format('execute = run')}\n"})
        assert names(folder) == [name]

    @pytest.mark.parametrize(
        ("imported", "base"),
        [
            ("import stages.plugins as sp", "sp.BaseAction[P]"),
            ("import stages.plugins", "stages.plugins.BaseAction"),
            ("from stages import plugins", "plugins.BaseAction[P]"),
            ("from stages.plugins.action import BaseAction as Root", "Root"),
            ("from stages.plugins import *", "BaseAction"),
            ("from stages.plugins import BaseAction as B\nBase = B[int]", "Base"),
            ("try:\n    from stages.plugins import BaseAction\nexcept ImportError:\n    raise", "BaseAction"),
            ("if True:\n    from stages.plugins import BaseAction", "Generic[P], BaseAction[P]"),
        ],
    )
    def test_ways_to_name_the_base(self, imported: str, base: str, plugin: Written) -> None:
        assert names(plugin({"p.py": f"{imported}\nclass GoAction({base}):\n    def execute(self): ...\n"})) == ["go"]

    @pytest.mark.parametrize(
        "text",
        [
            "class BaseAction: ...\nclass A(BaseAction):\n    def execute(self): ...\n",
            "from other.plugins import BaseAction\nclass A(BaseAction):\n    def execute(self): ...\n",
            "from stages.plugins import BaseAction\nclass A(BaseAction): ...\n",
            BASE + "class A(BaseAction):\n    @abstractmethod\n    def execute(self): ...\n",
            "from stages.plugins import BaseAction\nclass _A(BaseAction):\n    def execute(self): ...\n",
            BASE + "def f():\n    class A(BaseAction):\n        def execute(self): ...\n",
            "from stages.plugins import BaseAction\nclass A(make(BaseAction)):\n    def execute(self): ...\n",
            "from ...above import BaseAction\nclass A(BaseAction):\n    def execute(self): ...\n",
        ],
    )
    def test_what_is_no_action(self, text: str, plugin: Written) -> None:
        assert names(plugin({"p.py": text})) == []

    def test_a_base_of_ours_that_executes_by_itself(self, plugin: Written) -> None:
        text = "from flows.pipelines import BaseTrainAction\nclass Train(BaseTrainAction): ...\n"
        assert names(plugin({"p.py": text})) == ["train"]

    def test_through_the_plugins_own_modules(self, plugin: Written) -> None:
        """A base in another file, by relative import, absolute import, through a package's __init__ and a star."""
        folder = plugin(
            {
                "plugin/base.py": BASE
                + "class Base(BaseAction[int]):\n    input_type = Frames\n    output_type = Tracks\n",
                "plugin/mixed.py": "class Runs:\n    def execute(self): ...\n",
                "plugin/__init__.py": "from .base import *\n",
                "plugin/near.py": "from .base import Base\nclass Near(Base):\n    execute = 1\n",
                "plugin/deep/far.py": (
                    "from plugin import Base as B\nfrom ..mixed import Runs\nclass Far(Runs, B):\n"
                    "    action_name = 'far'\n    output_type = None\n"
                ),
                "other.py": (
                    "import plugin.near\nimport plugin.near as n\n"
                    "class Two(plugin.near.Near):\n    action_name = 'two'\n"
                    "class Three(n.Near):\n    action_name = 'three'\n"
                ),
            }
        )
        assert sorted(names(folder)) == ["far", "near", "three", "two"]
        assert (found(folder, "two").input_type, found(folder, "two").output_type) == ("Frames", "Tracks")
        assert (found(folder, "far").input_type, found(folder, "far").output_type) == ("Frames", None)

    def test_a_plugin_that_is_a_package_itself(self, plugin: Written) -> None:
        folder = plugin(
            {"words/__init__.py": "", "words/base.py": BASE + "class B(BaseAction): ...\n"}
            | {"words/go.py": "from words.base import B\nclass Go(B):\n    def execute(self): ...\n"}
        )
        assert [action.entrypoint for action in find_actions(folder / "words")[0]] == ["go:Go"]

    def test_the_standard_library_is_not_shadowed(self, plugin: Written) -> None:
        """As when it runs: `import json` is Python's, although the plugin has a json.py."""
        folder = plugin(
            {"json.py": BASE + "class Base(BaseAction):\n    def execute(self): ...\n"}
            | {"go.py": "from json import Base\nclass Go(Base): ...\n"}
        )
        assert names(folder) == ["base"]


NAMES = {
    "plugin/__init__.py": "",
    "plugin/more.py": "IN_MORE = 'more'\nfrom elsewhere import Frames as Kind\n",
    "plugin/consts.py": """
    from enum import StrEnum
    from plugin.more import *
    NAME, IN = "pair", "pair"
    NAME = "told"
    class E(StrEnum):
        T = "member"
    class Base:
        T = NAME
    class K(Base):
        U = 1
        V = Kind
    Alias = K
    MADE = str(1)
    ROUND = OTHER
    OTHER = ROUND
    """,
}


class TestNamesFromElsewhere:
    @pytest.mark.parametrize(
        ("value", "name", "kind"),
        [
            ("NAME", "told", "told"),
            ("N", "told", "told"),
            ("consts.NAME", "told", "told"),
            ("plugin.consts.NAME", "told", "told"),
            ("consts.IN_MORE", "more", "more"),
            ("E.T", "member", "member"),
            ("E.T.value", "member", "member"),
            ("consts.E.T.value", "member", "member"),
            ("consts.K.T", "told", "told"),
            ("consts.Alias.T", "told", "told"),
            ("OWN", "of the class", "of the class"),
            ("consts.K.U", "go", None),
            ("consts.K.V", "go", "Frames"),
            ("consts.Kind", "go", "Frames"),
            ("consts.K", "go", "K"),
            ("consts.IN", "go", "IN"),
            ("consts.MADE", "go", "MADE"),
            ("consts.NAME[1:]", "go", None),
            ("away.NAME", "go", "NAME"),
            ("away.E.T.value", "go", "value"),
            ("{'a': 'b'}['a']", "go", None),
        ],
    )
    def test_are_followed_to_a_text_or_to_a_class(self, value: str, name: str, kind: str, plugin: Written) -> None:
        text = "import away\nimport plugin.consts\nfrom plugin import consts\n" + BASE
        text += "from .consts import NAME, NAME as N, E\n"
        text += f"class GoAction(BaseAction):\n    OWN = 'of the class'\n    output_type = {value}\n    execute = 1\n"
        (action,) = find_actions(plugin(NAMES | {"plugin/go.py": text}))[0]
        assert (action.name, action.output_type) == ("go", kind)
        text = text.replace("output_type", "action_name").replace("of the class", "of_the_class")
        (action,) = find_actions(plugin({"plugin/go.py": text}))[0]
        assert action.name == name.replace(" ", "_")

    def test_a_circle_ends(self, plugin: Written) -> None:
        text = BASE + "from plugin import consts\nclass GoAction(BaseAction):\n    action_name = consts.ROUND\n"
        assert names(plugin(NAMES | {"plugin/go.py": text + "    execute = 1\n"})) == ["go"]

    def test_in_a_decorator(self, plugin: Written) -> None:
        text = BASE + "from plugin.consts import NAME, E\n@action(NAME, input_type=E.T)\ndef go(params, ctx): ...\n"
        (action,) = find_actions(plugin(NAMES | {"plugin/go.py": text}))[0]
        assert (action.name, action.input_type) == ("told", "member")


class TestFunctions:
    def test_decorated_functions(self, plugin: Written) -> None:
        folder = plugin(
            {
                "p.py": """
                import stages.plugins as sp
                from stages.plugins import action as act
                @sp.action
                def plain(params, ctx): ...
                @act(name="named", input_type=t.Frames, output_type="Tracks")
                def other(params, ctx): ...
                @act("first")
                async def third(params, ctx): ...
                @functools.cache
                @act()
                def empty(params, ctx): ...
                @action
                def not_ours(params, ctx): ...
                """
            }
        )
        assert names(folder) == ["plain", "named", "first", "empty"]
        assert found(folder, "named").entrypoint == "p:other"
        assert (found(folder, "named").input_type, found(folder, "named").output_type) == ("Frames", "Tracks")

    def test_a_renamed_type_is_told_by_its_own_name(self, plugin: Written) -> None:
        text = BASE + "from a import Frames as F\n@action(input_type=F)\ndef go(params, ctx): ...\n"
        assert found(plugin({"p.py": text}), "go").input_type == "Frames"


GO = BASE + "class GoAction(BaseAction):\n    def execute(self): ...\n"


class TestHostileCode:
    def test_nothing_is_run(self, plugin: Written, tmp_path: Path) -> None:
        mark = tmp_path / "was-here"
        folder = plugin({"p.py": f"open({str(mark)!r}, 'w')\nraise SystemExit(3)\nimport nowhere\n{GO}"})
        assert PluginDiscovery.discover_actions(folder) == [
            {"name": "go", "entrypoint": "p:GoAction", "input_type": None, "output_type": None}
        ]
        assert not mark.exists()

    def test_a_file_that_is_not_python_is_told_and_the_rest_goes_on(self, plugin: Written) -> None:
        folder = plugin({"a.py": "x = 1\nclass (:\n", "go.py": GO})
        (folder / "b.py").write_bytes(b"x = '\xff'\n")
        (folder / "c.py").write_bytes(b"x = 1\0\n")
        (folder / "d.py").write_text("x = " + "-" * 200_000 + "1")
        assert names(folder) == ["go"]
        a, b, c, d = told(folder)
        assert a == "a.py:2: is not Python: invalid syntax"
        assert b.startswith("b.py:1: is not Python: (unicode error)")
        assert c.startswith("c.py:1: is not Python")
        assert d.startswith("d.py:1: is not Python")

    def test_circles_of_imports_and_of_bases_end(self, plugin: Written) -> None:
        folder = plugin(
            {
                "a.py": "from b import *\nfrom c import *\nfrom d import X\nY = Z\nclass Self(Self): ...\n",
                "b.py": "from a import *\nfrom c import *\nfrom a import Loop\nclass Loop(Loop): ...\n",
                "c.py": "from a import *\nfrom b import *\nZ = Y\nclass A(Z): ...\nclass B(missing): ...\n",
                "d.py": "from a import X\nclass One(X): ...\nclass Two(Two, One): ...\nimport d\nclass E(d.One): ...\n",
                "go.py": GO,
            }
        )
        assert names(folder) == ["go"]

    def test_a_long_chain_is_given_up(self, plugin: Written) -> None:
        lines = "".join(f"A{n} = A{n - 1}\n" for n in range(1, 3000))
        classes = "".join(f"class C{n}(C{n - 1}): ...\n" for n in range(1, 3000))
        folder = plugin({"p.py": f"{GO}A0 = BaseAction\n{lines}class Go(A2999): execute = 1\nclass C0: ...\n{classes}"})
        assert names(folder) == ["go"]

    def test_what_is_not_looked_at(self, plugin: Written) -> None:
        skipped = ["tests/a.py", ".git/a.py", "__pycache__/a.py", "wheels/a.py", "venv/lib/a.py", "sub/test_a.py"]
        folder = plugin(dict.fromkeys([*skipped, "conftest.py", "no-module.py", "a.txt"], GO) | {"venv/pyvenv.cfg": ""})
        assert (names(folder), told(folder)) == ([], [])

    def test_links_that_leave_the_folder_are_not_followed(self, plugin: Written, tmp_path: Path) -> None:
        plugin({"outside/a.py": GO, "in/go.py": GO.replace("Go", "Stay")})
        os.symlink(tmp_path / "outside/a.py", tmp_path / "in/a.py")
        os.symlink(tmp_path / "outside", tmp_path / "in/b")
        os.symlink(tmp_path / "in", tmp_path / "in/loop")
        os.mkfifo(tmp_path / "in/pipe.py")
        assert names(tmp_path / "in") == ["stay"]

    def test_a_huge_file_is_told_and_not_read(self, plugin: Written) -> None:
        folder = plugin({"big.py": GO + "#" * 1_000_001, "go.py": GO})
        assert [action.entrypoint for action in find_actions(folder)[0]] == ["go:GoAction"]
        assert told(folder) == ["big.py: is larger than 1,000,000 bytes, and is not looked at"]

    def test_a_folder_that_is_no_plugins_is_not_read_to_its_end(self, plugin: Written) -> None:
        folder = plugin({f"p{n}.py": "" for n in range(3001)} | {"z/go.py": GO})
        assert names(folder) == []
        assert "has more than 3,000 Python files; only the first are read" in told(folder)[0]

    def test_two_actions_of_one_name_are_told(self, plugin: Written) -> None:
        folder = plugin({"a.py": GO, "b.py": GO})
        assert names(folder) == ["go", "go"]
        assert told(folder) == [
            "b.py:2: a second action 'go'; the other is a:GoAction. Give one an `action_name`",
        ]

    def test_a_name_that_no_action_can_have(self, plugin: Written) -> None:
        folder = plugin({"a.py": BASE + "class A(BaseAction):\n    action_name = 'a-b; rm'\n    execute = 1\n"})
        assert names(folder) == []
        assert told(folder)[0].startswith("a.py:2: 'a-b; rm' is no name for an action")

    def test_a_folder_that_is_not_there_has_none(self, tmp_path: Path) -> None:
        assert find_actions(tmp_path / "none") == ([], [])
