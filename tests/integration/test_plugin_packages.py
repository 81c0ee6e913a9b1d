"""What a plugin requires is there for its stages on Ray, and told of where it cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.executors import run_plugin
from flows.places.plugin_needs import PluginNeeds
from flows.places.ray_runner import StageRayTaskRunner
from stages.core import discovery, registry
from stages.plugins import PluginDiscovery
from tests.integration.driving import Ended, Toys, in_process
from tests.integration.prefect_side import ended
from tests.integration.tiny_wheel import write_wheel
from tests.unit.plugin_folders import PluginFolders

NEED = """
    import os, sys
    from pydantic import BaseModel
    from stages.plugins import action

    class NeedParams(BaseModel):
        items: int = 0

    @action
    def need(params: NeedParams, ctx):
        import time
        import tiny_wheel
        got = list(ctx.map(answer, range(params.items)))
        return {
            "answer": tiny_wheel.ANSWER,
            "unit": ctx.env.get_str("UNIT"),
            "own_path": os.environ["PATH"].startswith(os.path.dirname(sys.executable)),
            "answers": sum(value for value, pid in got),
            "processes": len({pid for value, pid in got}),
        }

    def answer(item):
        import time, tiny_wheel
        time.sleep(0.1)
        return tiny_wheel.ANSWER, os.getpid()
"""
CONFIG = """
package_manager: uv
package_manager_options: [--no-index]
runtime_env: {env_vars: {UNIT: points}}
actions:
  need: {entrypoint: need:need}
"""


@pytest.fixture
def folders(on_ray: Toys, monkeypatch: pytest.MonkeyPatch) -> PluginFolders:
    """Plugins, where the toys' runs look for them; their stages and faults are forgotten."""
    discovery.load_stages()  # toys are kept
    monkeypatch.setattr(registry, "_stages", dict(registry._stages))
    monkeypatch.setattr(discovery, "_faults", list(discovery._faults))
    monkeypatch.setenv("UNIT", "of the job")
    found = PluginFolders(on_ray.folder / "plugins")
    monkeypatch.setenv("STAGEWRIGHT_PLUGINS", str(found.root))
    return found


def needy(folders: PluginFolders, requires: str = "tiny-wheel", config: str = CONFIG) -> Path:
    """A plugin with one action and a wheel, which is installed nowhere."""
    folder = folders.write("needy", {"need.py": NEED, "requirements.txt": f"{requires}\n"}, config)
    write_wheel(folder / "wheels")
    return folder


def run(folders: PluginFolders, *args: str, runner: str = "ray") -> Ended:
    file = folders.root.parent / "needs.yaml"
    more = "    retries: 2\n    writes: {output: needed}\n  - toy_source: {n: 3}\n"
    file.write_text(f"name: needs\nstages:\n  - stage: {folders.code('needy')}.need\n{more}")
    return in_process("run", str(file), "--json", "--runner", runner, *args)


def test_packages_and_variables_of_a_plugin_are_there_for_its_stage_and_its_items(
    folders: PluginFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = needy(folders)
    ran = run(folders, "--job-id", "needy-on-ray", "--set", "need.items=60")
    assert ran.code == 0, ran.err
    needed = ran.json["outputs"]["needed"]
    assert needed == {"answer": 42, "unit": "points", "own_path": True, "answers": 60 * 42, "processes": 2}
    monkeypatch.setenv("STAGEWRIGHT_RUNNER", "ray")  # as one stage of a flow, it finds what Ray has made already
    assert run_plugin(folder, "need", {"items": 1}, "task")["answers"] == 42


def test_nothing_that_goes_to_a_node_is_looked_for_on_this_machine(folders: PluginFolders) -> None:
    folder = needy(folders)
    definition = PluginDiscovery.from_path(folder).get_action_definition("need")
    with StageRayTaskRunner():
        sent, again = (PluginNeeds().of(definition) for _ in range(2))
    assert sent == again
    assert sent["working_dir"].startswith("gcs://")
    assert str(folder) not in json.dumps(sent)


def test_what_cannot_be_installed_fails_the_stage_once_with_the_words_of_the_installer(folders: PluginFolders) -> None:
    needy(folders, "nowhere-to-be-found>=3")
    failed = run(folders, "--job-id", "needy-in-vain")
    assert failed.code == 1, failed.err
    assert failed.statuses == {"need": "failed", "toy_source": "ran"}
    told = failed.json["error"]
    assert f"What plugin '{folders.code('needy')}' needs could not be installed where stage" in told
    assert "you require nowhere-to-be-found>=3" in told
    assert "Traceback" not in told
    assert ended("needy-in-vain", 2).counts["need"] == 1


def test_what_no_place_can_give_is_refused_before_anything_runs(folders: PluginFolders) -> None:
    folder = needy(folders)
    here = run(folders, runner="threads")
    assert here.code == 2
    assert "requires tiny-wheel (" in here.json["error"]
    command = f"pip install --find-links {folder}/wheels 'tiny-wheel'"
    assert f"on threads nothing is installed: {command}, or let Ray install it" in here.json["error"]
    needy(folders, config=CONFIG.replace("env_vars", "pip: 3, env_vars").replace("uv", "pip"))
    there = run(folders)
    assert there.code == 2
    assert (
        f"Stage '{folders.code('needy')}.need': the runtime_env of its plugin is none for Ray: " in there.json["error"]
    )
