"""A plugin that is installed as a package of Python's: the same in every mode, under its own name everywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from flows.executors import run_plugin
from flows.executors.plugin_runs import MODES
from stages.core import discovery, registry
from stages.plugins import installed
from tests.integration.driving import Toys
from tests.unit.installed_package import on_the_path, write_metadata
from tests.unit.plugin_folders import PluginFolders

TYPES = """
    from stages.datatypes import DataType

    class Words(DataType):
        name = "PACKAGE.Words"

        def __init__(self, words):
            self.words = words

        def encode(self, blobs):
            return self.words

        @classmethod
        def decode(cls, data, blobs):
            return cls(data)
"""
WORK = """
    from pydantic import BaseModel
    from PACKAGE.inner.types import Words
    from stages.plugins import BaseAction, action

    class MeasureParams(BaseModel):
        text: str = "to be"

    class Measured(BaseModel):
        lengths: list[int]
        unit: str
        module: str

    def length(word):
        return len(word)

    class Measure(BaseAction[MeasureParams]):
        result_model = Measured

        def execute(self):
            lengths = list(self.ctx.map(length, self.params.text.split()))
            return {"lengths": lengths, "unit": self.ctx.env.get_str("UNIT"), "module": __name__}

    @action
    def split(params: MeasureParams, ctx):
        return Words(params.text.split())
"""
CONFIG = """
env: {UNIT: letters}
actions:
  measure: {entrypoint: work:Measure}
  again: {entrypoint: work:Measure}
  split: {entrypoint: work:split, output_type: PACKAGE.Words}
"""


@pytest.fixture
def folders(on_ray: Toys, monkeypatch: pytest.MonkeyPatch) -> Iterator[PluginFolders]:
    """A folder where Python looks for packages; in it the package `acme_words`, which brings the plugin `acme`."""
    discovery.load_stages()  # toys are kept
    monkeypatch.setattr(registry, "_stages", dict(registry._stages))
    monkeypatch.setattr(discovery, "_faults", list(discovery._faults))
    found = PluginFolders(on_ray.folder / "site-packages")
    package = found.code("acme_words")
    types, work, config = (text.replace("PACKAGE", package) for text in (TYPES, WORK, CONFIG))
    files = {"__init__.py": "", "inner/__init__.py": "", "inner/types.py": types, "work.py": work}
    found.write(package, files, config, code=found.code("acme"))
    write_metadata(found.root, package, f"[{installed.GROUP}]\nacme = {package}\n")
    with on_the_path(found.root, monkeypatch):
        yield found


def test_its_actions_give_the_same_in_every_mode(folders: PluginFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    code, module = folders.code("acme"), f"{folders.code('acme_words')}.work"
    measured = [run_plugin(code, "measure", {"text": "a brand"}, mode) for mode in MODES]
    assert measured == measured[:1] * len(MODES)
    assert measured[0].model_dump() == {"lengths": [1, 5], "unit": "letters", "module": module}
    monkeypatch.setenv("STAGEWRIGHT_RUNNER", "ray")
    assert run_plugin(code, "measure", {"text": "on ray"}, "task").lengths == [2, 3]


def test_values_of_its_own_types_and_a_second_action_of_one_class_find_their_way(
    folders: PluginFolders, on_ray: Toys
) -> None:
    words = run_plugin(folders.code("acme"), "split", {"text": "a brand"}, "actor")
    assert type(words).__module__ == f"{folders.code('acme_words')}.inner.types"
    assert words.words == ["a", "brand"]
    asked = ("plugin", "run", folders.code("acme"), "again", "--set", "text=on board", "--mode", "job", "--json")
    told = on_ray.command(*asked, PYTHONPATH=os.environ["PYTHONPATH"])
    assert told.json["result"]["lengths"] == [2, 5], told.err
