"""What is the same in every mode beside result and news: the variables of a plugin's config; and that one action runs
where another of its plugin cannot."""

from __future__ import annotations

import pytest

from flows.executors import run_plugin
from flows.executors.plugin_runs import Mode
from tests.integration.driving import Toys
from tests.unit.plugin_folders import PluginFolders

VARIABLE = """
    from stages.plugins import action

    @action
    def tell(params, ctx):
        return [ctx.env.get("UNIT"), ctx.env.get("SIZE"), ctx.env.get("PLACE")]
"""
BROKEN_BESIDE = """
env: {UNIT: letters, SIZE: 2}
runtime_env: {env_vars: {UNIT: points, PLACE: there}}
actions:
  tell: {entrypoint: 'tell:tell'}
  other: {entrypoint: 'other:other'}
"""


@pytest.mark.parametrize(
    ("mode", "runner"),
    [("local", "threads"), ("task", "threads"), ("task", "ray"), ("actor", "threads"), ("job", "threads")],
)
def test_an_action_has_its_variables_whatever_the_mode_and_beside_one_that_does_not_load(
    on_ray: Toys, mode: Mode, runner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEWRIGHT_RUNNER", runner)
    files = {"tell.py": VARIABLE, "other.py": "import no_such_package_here\n"}
    folder = PluginFolders(on_ray.folder).write("variables", files, BROKEN_BESIDE)
    assert run_plugin(folder, "tell", mode=mode) == ["points", "2", "there"]
