"""What a plugin brings, asked for by name."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path

import pytest

from stages.core.errors import PluginError, UnknownAction
from stages.datatypes import Detections, Video
from stages.plugins import BaseAction, NoResult, PluginDiscovery
from tests.unit.plugin_folders import PluginFolders

SEVERAL = """
    from pydantic import BaseModel, Field
    from stages.datatypes import Detections
    from stages.plugins import BaseAction, action

    raise_at_import = False

    class TrainParams(BaseModel):
        epochs: int = Field(10, ge=1, le=1000, description="Rounds over the data")

    class Trained(BaseModel):
        loss: float

    class TrainAction(BaseAction[TrainParams]):
        action_name = "train"
        input_type = "Video"
        output_type = Detections
        result_model = Trained

        def execute(self): ...

    class ExportAction(BaseAction):
        category = "export"

        def execute(self): ...

    @action
    def look(params: TrainParams, ctx):
        return params.epochs
"""
CONFIG = """
version: 1.2.0
category: neural_net
env: {SIZE: 3}
actions:
  train: {entrypoint: plugin.work:TrainAction, description: Trains a detector.}
  export: {entrypoint: plugin.work.ExportAction, input_type: Detections, params_schema: "plugin.work:TrainParams"}
  glance: {entrypoint: plugin.work:look}
"""


@pytest.fixture
def folders(tmp_path: Path) -> PluginFolders:
    return PluginFolders(tmp_path)


@pytest.fixture
def several(folders: PluginFolders) -> PluginDiscovery:
    return PluginDiscovery.from_path(folders.write("several", {"plugin/work.py": SEVERAL}, CONFIG))


class TestByName:
    def test_actions_are_listed_without_importing_them(self, several: PluginDiscovery) -> None:
        assert several.list_actions() == ["train", "export", "glance"]
        assert several.config.version == "1.2.0"
        assert not [name for name in sys.modules if name.startswith(several.package + ".")]

    def test_the_config_fills_in_what_a_class_leaves_out(self, several: PluginDiscovery) -> None:
        train, export, glance = map(several.get_action_class, several.list_actions())
        assert [a.action_name for a in (train, export, glance)] == ["train", "export", "glance"]
        assert [a.category for a in (train, export, glance)] == ["neural_net", "export", "neural_net"]
        assert several.get_action_input_type("export") is Detections
        assert several.get_action_params_model("export").__name__ == "TrainParams"
        assert several.get_action_class("train") is train

    def test_models_and_types(self, several: PluginDiscovery) -> None:
        assert set(several.get_action_params_model("train").model_fields) == {"epochs"}
        assert several.get_action_result_model("train").__name__ == "Trained"
        assert several.get_action_result_model("glance") is NoResult
        assert several.get_action_input_type("train") is Video
        assert several.get_action_output_type("train") is Detections
        assert several.get_action_output_type("glance") is None

    def test_definitions_bear_the_plugins_code_and_environment(self, several: PluginDiscovery) -> None:
        made = several.get_action_definition("train")
        assert made.name == f"{several.config.code}.train"
        assert (made.label, made.description, made.category) == ("Train", "Trains a detector.", "neural_net")
        assert made.env == {"SIZE": "3"}
        assert several.get_action_definition("glance").name == f"{several.config.code}.glance"

    def test_forms(self, several: PluginDiscovery) -> None:
        form = several.get_action_ui_schema("train")
        assert form["$formkit"] == "group"
        (child,) = form["children"]
        assert (child["$formkit"], child["name"], child["value"]) == ("number", "epochs", 10)
        assert child["validation"].split("|")[-2:] == ["min:1", "max:1000"]
        assert several.get_action_json_schema("train")["properties"]["epochs"]["maximum"] == 1000

    def test_an_unknown_action_names_the_nearest(self, several: PluginDiscovery) -> None:
        with pytest.raises(UnknownAction) as e:
            several.get_action_class("trian")
        assert isinstance(pickle.loads(pickle.dumps(e.value)), KeyError)
        assert str(e.value) == (
            f"Plugin {several.config.code!r} has no action 'trian'; did you mean 'train'? "
            "There are: export, glance, train."
        )

    def test_the_folder_and_its_config_are_one(self, folders: PluginFolders) -> None:
        folder = folders.write("alpha")
        for path in (folder, str(folder), folder / "config.yaml"):
            assert PluginDiscovery.from_path(path).list_actions() == ["count"]

    def test_a_config_with_faults_names_each_with_its_line(self, folders: PluginFolders) -> None:
        folder = folders.write("alpha", config="category: neural\nactions:\n  count:\n    entrypoint: nothing\n")
        with pytest.raises(PluginError) as e:
            PluginDiscovery.from_path(folder)
        lines = str(e.value).splitlines()
        assert lines[0] == f"Plugin '{folder}' has 2 faults:"
        assert [line.partition("config.yaml:")[2].split(":")[0] for line in lines[1:]] == ["3", "6"]

    def test_of_a_config_that_has_changed_meanwhile_the_new_is_filled_in(self, folders: PluginFolders) -> None:
        files = {"plugin/work.py": SEVERAL}
        first = "category: export\nactions:\n  %s: {entrypoint: plugin.work:ExportAction, input_type: %s}\n"
        plugins = []
        for name, kind in (("export", "Video"), ("send", "Detections"), ("send", "")):
            folder = folders.write("alpha", files, first % (name, kind))
            os.utime(folder / "plugin/work.py", ns=(1, 1))  # the code has not changed
            plugins.append(PluginDiscovery.from_path(folder))
            made = plugins[-1].get_action_class(name)
            assert made.action_name == name
            assert plugins[-1].get_action_input_type(name) is {"Video": Video, "Detections": Detections}.get(kind)
        assert plugins[0].get_action_class("export") is made

    def test_a_model_in_the_config_counts_only_where_the_code_names_none(self, folders: PluginFolders) -> None:
        entry = "actions:\n  %s: {entrypoint: plugin.work:%sAction, params_schema: plugin.work:%s}\n"
        folder = folders.write("alpha", {"plugin/work.py": SEVERAL}, entry % ("train", "Train", "Nothing"))
        assert PluginDiscovery.from_path(folder).get_action_params_model("train").__name__ == "TrainParams"
        folder = folders.write("beta", {"plugin/work.py": SEVERAL}, entry % ("export", "Export", "look"))
        with pytest.raises(PluginError, match=r"action 'export': 'plugin.work:look' is no pydantic model"):
            PluginDiscovery.from_path(folder).get_action_class("export")

    @pytest.mark.parametrize("order", [("base", "own", "again"), ("again", "own", "base")])
    def test_neither_a_second_action_of_a_class_nor_a_derived_one_takes_over_what_is_said_of_the_first(
        self, folders: PluginFolders, order: tuple[str, ...]
    ) -> None:
        code = """
            from stages.plugins import BaseAction

            class First(BaseAction):
                def execute(self): ...

            class Second(First): ...
        """
        config = """
actions:
  base: {entrypoint: "plugin.work:First", input_type: Video}
  own: {entrypoint: "plugin.work:Second", output_type: Detections}
  again: {entrypoint: plugin.work.First, input_type: Detections}
"""
        plugin = PluginDiscovery.from_path(folders.write("alpha", {"plugin/work.py": code}, config))
        for name in order:
            assert plugin.get_action_class(name).action_name == name
        found = {name: (plugin.get_action_input_type(name), plugin.get_action_output_type(name)) for name in order}
        assert found == {"base": (Video, None), "own": (None, Detections), "again": (Detections, None)}
        assert {plugin.get_action_class(name).__name__ for name in order} == {"First", "Second"}


class TestModules:
    def test_of_a_module_its_own_actions(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(str(tmp_path))
        name = f"mod_{tmp_path.name}"
        from textwrap import dedent

        (tmp_path / f"{name}.py").write_text(dedent(SEVERAL) + "\nclass Base(BaseAction): pass\n")
        found = PluginDiscovery.from_module(name)
        assert found.list_actions() == ["train", "export", "look"]
        assert issubclass(found.get_action_class("export"), BaseAction)
        assert found.get_action_definition("look").category == "custom"
        assert PluginDiscovery.from_module(sys.modules[name]).list_actions() == found.list_actions()

    def test_of_a_package_with_a_config_what_that_says(
        self, folders: PluginFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.syspath_prepend(str(tmp_path))
        name = f"package_{folders.mark}"
        files = {"__init__.py": "", "work.py": SEVERAL}
        folders.write(name, files, "actions:\n  train: {entrypoint: work:TrainAction}\n", code="packaged")
        found = PluginDiscovery.from_module(name)
        assert found.list_actions() == ["train"]
        assert found.get_action_class("train").__module__ == f"{name}.work"

    def test_of_a_package_what_its_modules_bring_and_not_what_others_do(
        self, folders: PluginFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.syspath_prepend(str(tmp_path))
        one, other, named = (f"{name}_{folders.mark}" for name in ("one", "other", "named"))
        exports = f"from {one}.work import ExportAction\nfrom {other} import TrainAction\nagain = ExportAction\n"
        for name in (one, other):
            folders.write(name, {"__init__.py": exports if name == one else SEVERAL, "work.py": SEVERAL})
            (tmp_path / name / "config.yaml").unlink()
        assert PluginDiscovery.from_module(one).list_actions() == ["export"]
        assert PluginDiscovery.from_module(other).get_action_config("train").input_type == "Video"
        (tmp_path / "config.yaml").write_text("not: a config of the module beside it\n")
        (tmp_path / f"{named}.py").write_text("from stages.plugins import BaseAction\n")
        assert PluginDiscovery.from_module(named).list_actions() == []

    def test_one_that_ends_the_process(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(str(tmp_path))
        (tmp_path / f"ends_{tmp_path.name}.py").write_text("raise SystemExit(3)")
        with pytest.raises(PluginError, match="does not load: SystemExit: 3"):
            PluginDiscovery.from_module(f"ends_{tmp_path.name}")

    def test_one_that_cannot_be_imported(self) -> None:
        with pytest.raises(PluginError, match="The module 'nowhere_to_be' does not load: ModuleNotFoundError"):
            PluginDiscovery.from_module("nowhere_to_be")

    def test_two_actions_of_one_name(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(str(tmp_path))
        name = f"twice_{tmp_path.name}"
        text = "from stages.plugins import BaseAction\n"
        for kind in ("A", "B"):
            text += f"class {kind}(BaseAction):\n    action_name = 'same'\n    def execute(self): ...\n"
        (tmp_path / f"{name}.py").write_text(text)
        with pytest.raises(PluginError, match=f"{name}: A and B are both called 'same'; rename one"):
            PluginDiscovery.from_module(name)


def test_reading_code_finds_actions_that_could_not_be_imported(folders: PluginFolders) -> None:
    folder = folders.write("alpha", {"plugin/work.py": SEVERAL.replace("raise_at_import = False", "1 / 0")})
    assert PluginDiscovery.discover_actions(folder) == [
        {"name": "train", "entrypoint": "plugin.work:TrainAction", "input_type": "Video", "output_type": "Detections"},
        {"name": "export", "entrypoint": "plugin.work:ExportAction", "input_type": None, "output_type": None},
        {"name": "look", "entrypoint": "plugin.work:look", "input_type": None, "output_type": None},
    ]
    assert PluginDiscovery.discover_actions(folder / "config.yaml") == PluginDiscovery.discover_actions(str(folder))
    with pytest.raises(PluginError, match=r"nowhere is no folder; name a plugin's folder, or the config.yaml in it"):
        PluginDiscovery.discover_actions(folder / "nowhere")


def test_syncing_adds_what_the_code_has_more(folders: PluginFolders) -> None:
    folder = folders.write("alpha", {"plugin/work.py": SEVERAL}, "actions: {}\n")
    report = PluginDiscovery.sync_config_file(folder)
    assert list(report.added) == ["train", "export", "look"]
    assert PluginDiscovery.from_path(folder).list_actions() == ["train", "export", "look"]
    assert not PluginDiscovery.sync_config_file(folder / "config.yaml").changed
