"""Where stages come from: installed packages and named modules; one that is broken does not hide the rest."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from uuid import uuid4

import pytest

from stages import get_palette, get_stage, list_stages
from stages.core import discovery
from stages.core.discovery import load_faults, load_stages
from stages.core.errors import UnknownStage

DEFINITION = """
from stages import StageDefinition, StageIO
def run(state):
    return {"found": 1}
look = StageDefinition("NAME", "Look", "", StageIO([], ["found"]), fn=run)
"""


class Modules:
    """A folder on the path in which modules are written, each under a name of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, text: str) -> str:
        """A module, in whose text NAME stands for its name."""
        name = f"found_{uuid4().hex[:12]}"
        (self.folder / f"{name}.py").write_text(text.replace("NAME", name))
        return name


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_stages: None) -> Modules:
    """Nothing is installed, nothing was loaded so far, and nothing is named by the environment."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(discovery, "_seen", set())
    monkeypatch.setattr(discovery, "_faults", [])
    monkeypatch.setattr(discovery, "_entry_points", lambda group: [])
    monkeypatch.delenv(discovery.VARIABLE, raising=False)
    return Modules(tmp_path)


def install(monkeypatch: pytest.MonkeyPatch, *values: str) -> None:
    points = [EntryPoint(f"point{number}", value, discovery.GROUP) for number, value in enumerate(values)]
    monkeypatch.setattr(discovery, "_entry_points", lambda group: points if group == discovery.GROUP else [])


class TestNamedModules:
    def test_are_imported_when_a_stage_is_asked_for(self, modules: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
        first, second = modules.write(DEFINITION), modules.write(DEFINITION)
        monkeypatch.setenv("STAGEWRIGHT_STAGE_MODULES", f" {first} ,,{second}")
        assert get_stage(second).label == "Look"
        assert {first, second} <= {definition.name for definition in list_stages()}
        assert load_faults() == []

    def test_are_imported_when_all_are_asked_for(self, modules: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
        name = modules.write(DEFINITION)
        monkeypatch.setenv("STAGEWRIGHT_STAGE_MODULES", name)
        assert name in {definition.name for definition in get_palette()["detection"]}

    def test_may_register_by_decorator(self, modules: Modules) -> None:
        name = modules.write("from stages import stage\n@stage(writes=['found'])\ndef NAME(): return 1")
        load_stages([name])
        assert get_stage(name).io.writes == ["found"]

    def test_may_import_what_others_define(self, modules: Modules) -> None:
        other = modules.write(DEFINITION)
        load_stages([other, modules.write(f"from {other} import look")])
        assert load_faults() == []

    def test_are_loaded_once(self, modules: Modules) -> None:
        name = modules.write("import builtins\nbuiltins.NAME = getattr(builtins, 'NAME', 0) + 1\nraise OSError('no')")
        for _ in range(3):
            load_stages([name])
        import builtins

        assert getattr(builtins, name) == 1
        delattr(builtins, name)


class TestEntryPoints:
    def test_may_be_a_module_a_definition_or_a_list_of_them(
        self, modules: Modules, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        module, single, several = (modules.write(DEFINITION + "both = [look]\n") for _ in range(3))
        install(monkeypatch, module, f"{single}:look", f"{several}:both")
        assert [get_stage(name).name for name in (module, single, several)] == [module, single, several]

    def test_may_be_a_function_that_is_a_stage(self, modules: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
        name = modules.write("from stages import stage\n@stage(writes=['found'])\ndef NAME(): return 1")
        install(monkeypatch, f"{name}:{name}")
        assert get_stage(name).io.writes == ["found"]
        assert load_faults() == []

    def test_that_is_nothing_of_the_kind_is_a_fault(self, modules: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
        name = modules.write(DEFINITION)
        install(monkeypatch, f"{name}:run.__name__")
        load_stages()
        assert load_faults() == [
            f"entry point 'point0' ({name}:run.__name__): 'run' is no stage. "
            "Name a module, a StageDefinition, what @stage made, an action, or a list."
        ]

    def test_the_shipped_ones_are_installed_like_everybodys(self) -> None:
        load_stages()
        assert load_faults() == []
        assert get_stage("extract_frames").code.__module__ == "stages.video.extract_frames"  # type: ignore[union-attr]


class TestFaults:
    def test_a_broken_module_does_not_stop_the_rest(self, modules: Modules) -> None:
        broken, good = modules.write("import nowhere_to_be_found"), modules.write(DEFINITION)
        load_stages([broken, good])
        assert get_stage(good).name == good
        assert load_faults() == [
            f"module '{broken}' (named in STAGEWRIGHT_STAGE_MODULES) does not load: "
            "ModuleNotFoundError: No module named 'nowhere_to_be_found'; "
            "install it, or name the folder that 'nowhere_to_be_found' lies in with PYTHONPATH"
        ]

    def test_one_that_raises_what_is_no_exception_does_not_stop_the_rest(self, modules: Modules) -> None:
        bad, good = modules.write("import asyncio\nraise asyncio.CancelledError('stop')"), modules.write(DEFINITION)
        load_stages([bad, good])
        (told,) = load_faults()
        assert told == f"module {bad!r} (named in STAGEWRIGHT_STAGE_MODULES) does not load: CancelledError: stop"
        assert get_stage(good).label == "Look"
        with pytest.raises(KeyboardInterrupt):
            load_stages([modules.write("raise KeyboardInterrupt")])

    def test_one_that_is_not_there(self, modules: Modules) -> None:
        load_stages(["no_such_module"])
        assert load_faults() == [
            "module 'no_such_module' (named in STAGEWRIGHT_STAGE_MODULES) does not load: "
            "ModuleNotFoundError: No module named 'no_such_module'; "
            "install it, or name the folder that 'no_such_module' lies in with PYTHONPATH"
        ]

    def test_a_stage_that_is_refused_is_told_in_its_own_words(
        self, modules: Modules, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name = modules.write(DEFINITION.replace('["found"]', '["found", "found"]'))
        install(monkeypatch, f"{name}:look")
        load_stages()
        assert load_faults() == [f"entry point 'point0' ({name}:look): Stage {name!r}: writes the key 'found' twice."]
        with pytest.raises(UnknownStage):
            get_stage(name)

    def test_a_bad_definition_hides_no_other(self, modules: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
        later = DEFINITION.replace("look =", "later =").replace("NAME", "NAME_later")
        bad = DEFINITION.replace('"NAME"', "7") + DEFINITION.replace("look =", "wrong =").replace("NAME", "no good")
        whole, listed = modules.write(bad + later), modules.write(bad + later + "every = [look, wrong, 7, later]\n")
        install(monkeypatch, whole, f"{listed}:every")
        load_stages()
        assert {get_stage(f"{name}_later").label for name in (whole, listed)} == {"Look"}
        assert [fault.split(": ", 1)[0] for fault in load_faults()] == [
            f"entry point 'point0' ({whole}) does not load",
            f"entry point 'point0' ({whole})",
            f"entry point 'point1' ({listed}:every) does not load",
            f"entry point 'point1' ({listed}:every)",
            f"entry point 'point1' ({listed}:every)",
        ]

    def test_two_packages_with_a_stage_of_one_name(self, modules: Modules) -> None:
        first, second = (
            modules.write(DEFINITION.replace("NAME", "glance")),
            modules.write(DEFINITION.replace("NAME", "glance")),
        )
        load_stages([first, second])
        assert load_faults() == [
            f"module '{second}' (named in STAGEWRIGHT_STAGE_MODULES): Stage 'glance': {second} brings a stage of this "
            f"name, and so did {first}; rename one of the two."
        ]
        assert get_stage("glance").code.__module__ == first  # type: ignore[union-attr]


def test_actions_that_a_module_defines_are_its_stages(modules: Modules) -> None:
    action = "class NAME(BaseAction):\n    action_name = 'NAME'\n    def execute(self): return 1\n"
    made = "@action\ndef NAME_made(params, ctx): return 2\n"
    own = modules.write(f"from stages.plugins import BaseAction, action\n{action}{made}class Base(BaseAction): pass\n")
    other = modules.write(f"from {own} import *\n")
    load_stages([own, other])
    assert load_faults() == []
    assert [get_stage(name).name for name in (own, f"{own}_made")] == [own, f"{own}_made"]
