"""What cannot become an actor or a job is told in our words, before anything waits."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

import pytest
import ray

from flows.executors import RayActorExecutor, RayJobExecutor, run_plugin
from flows.executors.ray_link import enter
from stages.core.errors import PluginError, UsageError, WorkerLost
from tests.integration.driving import Toys, in_process
from tests.unit.plugin_folders import PluginFolders
from tests.unit.word_actions import SayAction

WORK = """
    import os, time
    from stages.plugins import action

    @action
    def work(params, ctx):
        return {name: os.environ.get(name) for name in ("UNIT", "PREFECT_API_URL")}

    @action
    def hang(params, ctx):
        time.sleep(600)
"""
ACTIONS = "actions:\n  work: {entrypoint: work:work}\n  hang: {entrypoint: work:hang}\n"


@pytest.fixture
def folders(on_ray: Toys) -> PluginFolders:
    return PluginFolders(on_ray.folder)


@pytest.fixture
def plugin(folders: PluginFolders) -> Path:
    return folders.write("worker", {"work.py": WORK}, ACTIONS)


def test_an_actor_that_no_node_could_ever_hold(plugin: Path) -> None:
    told = "The actor of action 'work' asks for 1 CPU, 1 GPU, which no node of the cluster has: there is a node with"
    with RayActorExecutor(plugin, num_gpus=1) as executor, pytest.raises(UsageError, match=told) as e:
        executor.execute("work")
    assert "Ask for less (num_gpus and num_cpus of the executor), or add a node that has it." in str(e.value)


def test_a_runtime_env_that_is_none(plugin: Path) -> None:
    with (
        RayActorExecutor(plugin, runtime_env={"pip": 3}) as executor,
        pytest.raises(PluginError, match=r"the runtime_env of its plugin is none for Ray: "),
    ):
        executor.execute("work")


class TestNodesThatLeave:
    @pytest.fixture(autouse=True)
    def left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever looks at the cluster while a call goes on finds that its nodes have left."""
        from flows.places import attempt, node_watch

        monkeypatch.setattr(attempt, "LOOK_S", 0.2)
        monkeypatch.setattr(node_watch, "nodes", list)

    def test_a_call_that_waits_for_its_actor_says_so_and_gives_up(
        self, plugin: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr("flows.places.node_watch.QUEUE_S", 0.5)
        caplog.set_level(logging.INFO, "stagewright")
        ended = "asks for 1 CPU, which no node of the cluster has: there is no node that is alive"
        with RayActorExecutor(plugin, num_cpus=1) as executor:
            enter(executor, None)
            held = ray.remote(Held).options(num_cpus=ray.cluster_resources()["CPU"]).remote()
            try:
                ray.get(held.ready.remote())
                with pytest.raises(UsageError, match=ended):
                    executor.execute("work")
            finally:
                ray.kill(held)
        assert "Action 'work' waits for its actor, which asks for 1 CPU." in caplog.messages
        assert executor.told.log == []  # which are the action's own lines

    def test_one_that_runs_is_lost(self, plugin: Path) -> None:
        with (
            RayActorExecutor(plugin, num_cpus=0.1) as executor,
            pytest.raises(WorkerLost, match="Action 'hang' lost its actor: its node is gone"),
        ):
            executor.execute("hang")


class Held:
    """An actor that leaves no room."""

    def ready(self) -> None:
        """There it is."""


class TestNotMade:
    """Of what a plugin requires, an installer says more; what is told of it is the same."""

    @pytest.fixture
    def needy(self, folders: PluginFolders) -> Path:
        """A plugin that wants what is nowhere."""
        needs = f"runtime_env: {{py_modules: ['file:///nowhere/{folders.mark}.zip']}}\n"
        return folders.write("needy", {"work.py": WORK}, needs + ACTIONS)

    @pytest.mark.parametrize("mode", ["actor", "job"])
    def test_what_a_plugin_needs_and_no_node_can_give_is_told(
        self, needy: Path, folders: PluginFolders, mode: Literal["actor", "job"]
    ) -> None:
        with pytest.raises(PluginError) as e:
            run_plugin(needy, "work", mode=mode)
        code = folders.code("needy")
        told, reason, mend = str(e.value).splitlines()
        assert told == f"What plugin '{code}' needs could not be installed where stage '{code}.work' was to run:"
        assert reason.startswith("  FileNotFoundError: ")
        assert mend.startswith("Mend its requirements.txt, or runtime_env of its config.yaml.")

    def test_on_the_command_line_it_is_no_fault_of_ours(self, needy: Path) -> None:
        ran = in_process("plugin", "run", str(needy), "work", "--mode", "actor", "--json")
        assert ran.code == 2
        assert "needs could not be installed" in ran.json["error"]

    def test_so_is_what_an_executor_was_given(self, on_ray: Toys) -> None:
        given = {"py_modules": ["file:///nowhere/given.zip"]}
        with (
            RayActorExecutor(runtime_env=given) as executor,
            pytest.raises(PluginError, match=r"(?s)What action 'say_it' needs .*\nMend the runtime_env that was given"),
        ):
            executor.execute(SayAction)


@pytest.mark.parametrize("kind", [RayActorExecutor, RayJobExecutor])
def test_variables_of_its_plugin_stand_above_those_of_who_calls(
    folders: PluginFolders, monkeypatch: pytest.MonkeyPatch, kind: type[RayActorExecutor | RayJobExecutor]
) -> None:
    monkeypatch.setenv("UNIT", "of the caller")
    plugin = folders.write("units", {"work.py": WORK}, f"runtime_env: {{env_vars: {{UNIT: points}}}}\n{ACTIONS}")
    executor = kind(working_dir=plugin)
    try:
        assert executor.execute("work")["UNIT"] == "points"
    finally:
        if isinstance(executor, RayActorExecutor):
            executor.shutdown()


class TestElsewhere:
    @pytest.fixture(autouse=True)
    def far(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same cluster, were one of its nodes another machine."""
        from flows.places import ray_connection

        there = {"Alive": True, "NodeID": "f", "NodeManagerAddress": "203.0.113.7", "Resources": {"CPU": 4.0}}
        nodes = ray_connection.nodes
        monkeypatch.setattr(ray_connection, "nodes", lambda: [*nodes(), there])

    def test_a_store_or_a_server_that_only_this_machine_reaches_is_refused(
        self, plugin: Path, on_ray: Toys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = on_ray.environment["AWS_ENDPOINT_URL"]
        with RayActorExecutor(plugin, num_cpus=0.1) as actor:
            with pytest.raises(UsageError, match=f"The object store is at {store}, which only this machine can reach"):
                actor.execute("work")
            assert not ray.is_initialized()
            monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store.example:9000")
            with pytest.raises(UsageError, match=r"The Prefect server is at .* PREFECT_API_URL"):
                actor.execute("work")
            monkeypatch.delenv("PREFECT_API_URL")
            assert actor.execute("work")["PREFECT_API_URL"] is None  # nothing names one, and none is needed
