"""Plugins as their users have them: seen by the command line, run in profiles, on threads and on Ray."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from flows.connections import open_blobs
from flows.places.baggage import pack
from flows.places.order import Order
from flows.places.plugin_code import PluginCode
from flows.settings import read_settings
from stages import Resources
from stages.core import discovery, registry
from stages.core.execute import StageCall
from stages.core.objects import ObjectStore
from stages.core.stage_version import stage_version
from stages.plugins import PluginDiscovery
from tests.integration.driving import Ended, Toys, in_process
from tests.unit.plugin_folders import PluginFolders

MAKE = """
    from pydantic import BaseModel, Field
    from stages.plugins import BaseAction, action
    from plugin.words import Words

    class SpellParams(BaseModel):
        text: str = Field("to be or not to be", description="What is spelt")

    class SpellAction(BaseAction[SpellParams]):
        \"\"\"Spells a text.\"\"\"

        action_name = "spell"
        output_type = Words
        stage_options = {"progress": {"read": 1, "write": 1}}

        def execute(self):
            words = self.params.text.split()
            self.set_progress(len(words), len(words), "read")
            self.set_metrics({"words": len(words)}, "read")
            return Words(words)
"""
COUNT = """
    from pathlib import Path
    from tempfile import TemporaryDirectory
    from pydantic import BaseModel, Field
    from stages.plugins import BaseAction
    from plugin.words import Words, length

    class CountParams(BaseModel):
        least: int = Field(1, ge=1, le=9)

    class Counted(BaseModel):
        lengths: list[int]
        unit: str

    class CountAction(BaseAction[CountParams]):
        input_type = Words
        result_model = Counted

        def execute(self):
            lengths = [n for n in self.ctx.map(length, self.ctx.input.words) if n >= self.params.least]
            with TemporaryDirectory() as folder:
                note = Path(folder, "note.txt")
                note.write_text(str(lengths))
                self.log("counted", {"words": len(lengths)}, file=note)
            return {"lengths": lengths, "unit": self.ctx.env.get_str("UNIT")}
"""
WORDS = """
    from stages.datatypes import DataType

    class Words(DataType):
        def __init__(self, words):
            self.words = words

        def encode(self, blobs):
            return self.words

        @classmethod
        def decode(cls, data, blobs):
            return cls(data)

    def length(word):
        return len(word)
"""
CONFIG = """
category: data_validation
env: {UNIT: letters}
actions:
  spell: {entrypoint: plugin.make:SpellAction}
  count: {entrypoint: plugin.count:CountAction}
"""


@pytest.fixture
def folders(on_ray: Toys, monkeypatch: pytest.MonkeyPatch) -> PluginFolders:
    """Plugins, where the toys' runs look for them; their stages and faults are forgotten."""
    discovery.load_stages()  # what is loaded once a process must not be forgotten with them
    monkeypatch.setattr(registry, "_stages", dict(registry._stages))
    monkeypatch.setattr(discovery, "_faults", list(discovery._faults))
    found = PluginFolders(on_ray.folder / "plugins")
    monkeypatch.setenv("STAGEWRIGHT_PLUGINS", str(found.root))
    return found


def words(folders: PluginFolders, name: str = "alpha") -> Path:
    """A plugin with two actions, the second of which reads what the first writes."""
    files = {"plugin/make.py": MAKE, "plugin/count.py": COUNT, "plugin/words.py": WORDS}
    return folders.write(name, files, CONFIG)


def run(folders: PluginFolders, runner: str, *args: str) -> Ended:
    code = folders.code("alpha")
    file = folders.root.parent / "lengths.yaml"
    file.write_text(
        f"name: lengths\nstages:\n  - {code}.spell: {{text: a bc def}}\n"
        f"  - stage: {code}.count\n    reads: {{input: output}}\n    writes: {{output: lengths}}\n"
    )
    return in_process("run", str(file), "--json", "--runner", runner, *args)


def test_actions_are_stages_of_a_profile_on_threads_and_on_ray(folders: PluginFolders) -> None:
    words(folders)
    first = run(folders, "threads", "--job-id", "lengths-threads")
    assert first.code == 0, first.err
    assert first.statuses == {"spell": "ran", "count": "ran"}
    assert first.json["outputs"] == {"lengths": {"lengths": [1, 2, 3], "unit": "letters"}}
    again = run(folders, "ray", "--set", "count.least=2")
    assert again.code == 0, again.err
    assert again.statuses == {"spell": "kept", "count": "ran"}
    assert again.json["outputs"] == {"lengths": {"lengths": [2, 3], "unit": "letters"}}
    assert run(folders, "ray").statuses == {"spell": "kept", "count": "kept"}
    refused = run(folders, "threads", "--set", "count.least=10")
    assert refused.code == 2
    assert "stage 'count', field 'least'" in refused.json["error"]
    shown = in_process("show", "lengths-threads", "count", "--json").json
    assert [(file["name"], file["event"]) for file in shown["files"]] == [("note.txt", "counted")]


def test_the_command_line_sees_checks_and_shows_them(folders: PluginFolders) -> None:
    good, broken = words(folders), folders.write("beta", {"plugin/count.py": "def count(:\n"})
    listed = in_process("plugin", "list", "--json").json["plugins"]
    assert [(one["code"], one["ready"], list(one["config"]["actions"])) for one in listed] == [
        (folders.code("alpha"), True, ["spell", "count"]),
        (folders.code("beta"), False, ["count"]),
    ]
    assert in_process("plugin", "check", str(good), "--import").out.endswith("can be used; 2 actions.\n")
    checked = in_process("plugin", "check")
    assert checked.code == 2
    assert f"{broken}/plugin/count.py:1: " in checked.err
    named = [one["name"] for one in in_process("stages", "--json").json["palette"]["data_validation"]]
    assert named == [f"{folders.code('alpha')}.{name}" for name in ("count", "spell")]
    form = json.loads(in_process("plugin", "schema", folders.code("alpha"), "count").out)
    assert [child["name"] for child in form["children"]] == ["least"]
    schema = json.loads(in_process("plugin", "schema", str(good), "count", "--json-schema").out)
    assert schema["properties"]["least"]["maximum"] == 9


def test_a_setting_of_several_parts_is_shown_too(folders: PluginFolders) -> None:
    code = (
        "from pydantic import BaseModel\nfrom stages.plugins import BaseAction\n"
        "class Rate(BaseModel):\n    first: float = 0.5\n"
        "class CountParams(BaseModel):\n    rate: Rate = Rate()\n    least: int = 1\n    steps: list[Rate]\n"
        "class CountAction(BaseAction[CountParams]):\n    def execute(self): ...\n"
    )
    folders.write("alpha", {"plugin/count.py": code})
    shown = in_process("stage", f"{folders.code('alpha')}.count").out.splitlines()
    assert [line.split("\t")[:3] for line in shown if "\t" in line] == [
        ["rate", "Rate", '{"first": 0.5}'],
        ["least", "int", "1"],
        ["steps", "list[Rate]", ""],
    ]


def test_a_fault_is_told_once_and_importing_finds_what_reading_cannot(
    folders: PluginFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders.write("alpha", config="env: 3\nactions: {}\n")
    monkeypatch.chdir(folders.root)
    checked = in_process("plugin", "check", "alpha")
    assert (checked.code, checked.err.count("field 'env'"), checked.out) == (2, 1, "alpha: 1 fault.\n")
    model = 'class CountParams(BaseModel):\n    least: int = "three"\n'
    action = "class CountAction(BaseAction[CountParams]):\n    def execute(self): ...\n"
    head = "from pydantic import BaseModel\nfrom stages.plugins import BaseAction\n"
    folders.write("beta", {"plugin/count.py": head + model + action})
    assert in_process("plugin", "check", "beta").code == 0
    imported = in_process("plugin", "check", "beta", "--import")
    assert imported.code == 2
    assert "field 'least': its default 'three' breaks its own rule" in imported.err


def test_the_command_line_brings_a_config_up_to_its_code(folders: PluginFolders) -> None:
    folder = folders.write("gamma", config="# mine\nactions: {}\n")
    before = (folder / "config.yaml").read_text()
    assert "would be added: count" in in_process("plugin", "sync", str(folder), "--dry-run").err
    assert (folder / "config.yaml").read_text() == before
    assert in_process("plugin", "sync", str(folder), "--json").json == {
        "added": ["count"],
        "mended": [],
        "without_code": [],
        "changed": True,
        "faults": [],
    }
    assert "# mine" in (folder / "config.yaml").read_text()
    assert in_process("plugin", "sync", str(folder)).err == "config.yaml is up to date.\n"


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["check", "nowhere"], "There is no plugin 'nowhere'"),
        (["check", "./nowhere"], "there is no such folder"),
        (["schema", "nowhere", "count"], "There is no plugin 'nowhere'"),
        (["sync", "./nowhere"], "there is no such"),
    ],
)
def test_what_is_not_there_is_told_without_a_traceback(folders: PluginFolders, args: list[str], told: str) -> None:
    ended = in_process("plugin", *args)
    assert ended.code == 2
    assert told in ended.err
    assert "Traceback" not in ended.err


RECEIVE = """
import sys, pickle
order = pickle.load(sys.stdin.buffer)
order.baggage.unpack()
call, _ = order.opened()
print(call.definition.name, call.definition.code.__module__.partition(".")[2])
"""


def test_its_code_goes_to_another_machine_once(folders: PluginFolders, on_ray: Toys, store: ObjectStore) -> None:
    folder = words(folders)
    definition = PluginDiscovery.from_path(folder).get_action_definition("spell")
    blobs = open_blobs(read_settings())
    code = PluginCode(blobs)
    assert code.of([definition]) == code.of([definition, definition])
    baggage = pack(elsewhere=True).with_plugins(code.of([definition]))
    assert "STAGEWRIGHT_PLUGINS" not in baggage.environment
    call = StageCall(definition, definition.settings(), stage_version(definition), "key")
    order = Order("", "", "", {}, b"", (), Resources(), "job", 1, baggage)
    order = replace(order, stage=definition.name, version=call.version, settings=call.settings, reads=pickle.dumps({}))
    (folder / "config.yaml").unlink()  # what is there now is of no use to anybody
    there = {"PATH": os.environ["PATH"], "HOME": str(on_ray.folder / "there"), "PYTHONPATH": os.environ["PYTHONPATH"]}
    for _ in range(2):
        told = subprocess.run(
            [sys.executable, "-c", RECEIVE], input=pickle.dumps(order), env=there, capture_output=True, check=False
        )
        assert told.stdout.decode().split() == [definition.name, "plugin.make"], told.stderr.decode()
