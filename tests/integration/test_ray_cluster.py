"""A Ray cluster of several nodes that loses them, runs out of memory, or is left by who uses it.

The last of the tests on Ray, by its name: a process that has seen nodes die takes Ray up to a minute to let go of the
next cluster that it uses (`ray.shutdown` then waits within Ray's own code).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import ray

from deployments.local.home import write_private
from flows.connections import Connections
from flows.settings import read_settings
from stages.core.errors import UsageError
from tests.integration.cluster_place import Place, meanwhile
from tests.integration.driving import Toys, in_process
from tests.integration.prefect_side import ended, says
from tests.integration.ray_nodes import RayNode, RayNodes, ray_nodes
from tests.integration.ray_toys import noted
from tests.integration.waiting import gone, until

SOON = {  # a node is given up when it was silent for some fifteen seconds, not for a minute
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 2000,
    "health_check_failure_threshold": 5,
}

HASTY = {"gcs_rpc_server_reconnect_timeout_s": 3}  # for how long the head may be away; 60 by default


@pytest.fixture(scope="module")
def token(services: Connections, home: Path) -> Path:
    """What lets this process use a Ray: that of the session's own, since Ray reads one in the life of a process."""
    from flows.places.ray_connection import _use_token

    file = home / "ray" / "token"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        write_private(file, "7" * 64)
    _use_token(file)
    return file


@pytest.fixture(scope="module")
def cluster(token: Path) -> Iterator[tuple[RayNodes, RayNode]]:
    """A cluster, and its first node, which stays: this process is connected by it."""
    with ray_nodes(token) as nodes:
        yield nodes, nodes.start_head(SOON, num_cpus=1, include_dashboard=True, dashboard_port=0)


@pytest.fixture
def place(toys: Toys, cluster: tuple[RayNodes, RayNode], monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    from flows.jobs import stage_task

    monkeypatch.setattr(stage_task, "_RETRY_DELAYS", [0.1])
    with closing(Place(toys, *cluster)) as found:
        yield found


PINNED = """
name: pinned
stages:
  - {stage: toy_placed, resources: {custom: {a: 1}}, config: {wait: 3}}
"""

SPREAD = """
name: spread
stages:
  - {stage: toy_spread, resources: {custom: {b: 1}}, config: {items: 60, wait: 0.2}}
"""

HUNGRY = """
name: hungry
stages:
  - stage: toy_placed
    resources: {memory: 200MiB, memory_growth: 2, custom: {m: 1}}
    config: {fill: 5000}
"""

QUEUED = """
name: queued
stages:
  - {stage: toy_placed, retries: 0, resources: {custom: {q: 1}}, config: {wait: 60}}
  - stage: toy_placed
    id: other
    writes: {placed: later}
    retries: 0
    resources: {custom: {q: 1}}
    config: {wait: 60}
"""

TWO_ON_A_GPU = """
name: gpus
stages:
  - {stage: toy_placed, resources: {gpus: 1}, config: {wait: 1}}
  - {stage: toy_placed, id: other, writes: {placed: more}, resources: {gpus: 1}, config: {wait: 1.01}}
"""

LONG = """
name: long
stages:
  - {stage: toy_placed, config: {wait: 200}}
  - {stage: toy_placed, id: next, writes: {placed: later}, needs: [toy_placed]}
"""


class TestJobServer:
    def test_a_stage_has_a_client_of_it(self, place: Place) -> None:
        ran = place.run("name: asks\nstages:\n  - toy_asks\n")
        assert ran.code == 0, ran.err
        assert ran.json["outputs"]["answers"]["drivers"] == ["DRIVER"]  # the process of this test


class TestLostNodes:
    def test_a_stage_whose_node_is_killed_runs_again_on_another(self, place: Place) -> None:
        nodes = {node.id: node for node in (place.add(resources={"a": 1}), place.add(resources={"a": 1}))}

        def kill() -> None:
            until(lambda: place.noted("placed"))
            time.sleep(0.5)
            place.kill(nodes[place.noted("placed")[0]["node"]])

        with meanwhile(kill):
            ran = place.run(PINNED, "--job-id", "node-lost")
        assert ran.code == 0, ran.err
        first, second = place.noted("placed")
        assert {first["node"], second["node"]} == set(nodes)
        until(lambda: gone(first["pid"]))
        run = ended("node-lost", 1)
        assert (run.state, run.counts) == ("Completed", {"toy_placed": 2})
        assert run.states["toy_placed"] == ["Pending", "Running", "AwaitingRetry", "Retrying", "Completed"]
        says(run, "Stage 'toy_placed' lost its worker: its node is gone.")

    def test_items_on_a_node_that_is_killed_go_elsewhere_and_the_stage_goes_on(self, place: Place) -> None:
        nodes = [place.add(resources={"b": 1}) for _ in range(3)]
        lost: list[int] = []

        def kill() -> None:
            until(lambda: len(_workers(place)) == 3)
            [stage] = noted(place.toys.folder, "spread")
            lost.append(next(pid for pid in _workers(place) if pid != int(stage)))
            place.kill(next(node for node in nodes if node.holds(lost[0])))

        with meanwhile(kill):
            ran = place.run(SPREAD, "--job-id", "items-lost")
        assert ran.json["outputs"] == {"squares": [number * number for number in range(60)], "failed": []}
        assert len(noted(place.toys.folder, "spread")) == 1
        dealt_with = [int(line.split()[0]) for line in noted(place.toys.folder, "items")]
        assert set(dealt_with) == set(range(60))
        assert len(dealt_with) in (60, 61)  # what was at hand there was dealt with once more
        for pid in {*lost, *_workers(place)}:
            until(lambda pid=pid: gone(pid), 5)  # type: ignore[misc]
        run = ended("items-lost", 1)
        assert (run.state, run.counts) == ("Completed", {"toy_spread": 1})

    def test_a_stage_whose_node_falls_silent_runs_again_on_another(self, place: Place) -> None:
        nodes = {node.id: node for node in (place.add(resources={"a": 1}), place.add(resources={"a": 1}))}

        def silence() -> None:
            until(lambda: place.noted("placed"))
            place.silence(nodes[place.noted("placed")[0]["node"]])

        with meanwhile(silence):
            ran = place.run(PINNED, "--job-id", "node-silent")
        assert ran.code == 0, ran.err
        first, second = place.noted("placed")
        assert {first["node"], second["node"]} == set(nodes)
        run = ended("node-silent", 1)
        assert (run.state, run.counts) == ("Completed", {"toy_placed": 2})
        says(run, "lost its worker: its node is gone.")
        place.wake()  # it hears that it was given up, and ends itself
        until(lambda: gone(nodes[first["node"]].pid))
        place.kill(nodes[first["node"]])
        until(lambda: gone(first["pid"]))


class TestMemory:
    def test_a_stage_that_fills_its_node_is_told_so_and_asks_for_more_the_next_time(self, place: Place) -> None:
        memory = psutil.virtual_memory()
        most = (memory.total - memory.available + (2 << 30)) / memory.total
        if most > 0.8:
            pytest.skip(f"this machine has only {memory.available >> 20} MiB left, too few to be filled on purpose")
        watch = {"RAY_memory_usage_threshold": f"{most:.4f}", "RAY_memory_monitor_refresh_ms": "100"}
        place.add(resources={"m": 1}, memory=600 << 20, env_vars=watch)
        ran = place.run(HUNGRY, "--job-id", "hungry")
        assert ran.code == 0, ran.err
        assert [told["given"]["memory"] / (1 << 20) for told in place.noted("placed")] == [200, 400]
        run = ended("hungry", 1)
        assert (run.state, run.counts) == ("Completed", {"toy_placed": 2})
        says(run, "lost its worker: its node ran out of memory, and Ray ended its process.")

    def test_it_asks_for_no_more_than_the_largest_node_has(self, place: Place) -> None:
        place.add(resources={"m": 1}, memory=600 << 20)
        ran = place.run(HUNGRY.replace("fill: 5000", "kill: 2"), "--job-id", "greedy")
        assert ran.code == 0, ran.err
        assert [told["given"]["memory"] / (1 << 20) for told in place.noted("placed")] == [200, 400, 600]


class TestWaiting:
    def test_a_stage_whose_only_node_vanishes_fails_and_names_what_it_asks(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from flows.places import attempt, node_watch

        monkeypatch.setattr(attempt, "LOOK_S", 0.5)
        monkeypatch.setattr(node_watch, "QUEUE_S", 2.0)
        node = place.add(resources={"q": 1})

        def kill() -> None:
            until(lambda: place.noted("placed"))
            time.sleep(1)  # so that the other has looked for room
            place.kill(node)

        with meanwhile(kill):
            failed = place.run(QUEUED, "--job-id", "no-room")
        assert failed.code == 1
        assert len(place.noted("placed")) == 1
        run = ended("no-room", 2)
        assert (run.state, set(run.ends.values())) == ("Failed", {"Failed"})
        says(run, "Waits for room on the cluster: 1 CPU, 1 q.")
        says(run, "asks for 1 CPU, 1 q, which no node of the cluster has: there is a node with 1 CPU")
        says(run, "lost its worker")  # whichever of the two was there first
        assert failed.statuses == {"toy_placed": "failed", "other": "failed"}


class TestGpus:
    def test_a_stage_gets_the_device_that_ray_gives_it_and_nobody_else_does(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
        node = place.add(num_cpus=2, num_gpus=1)
        ran = place.run(TWO_ON_A_GPU)
        assert ran.code == 0, ran.err
        first, second = place.noted("placed")
        assert [(told["node"], told["given"]["GPU"], told["devices"]) for told in (first, second)] == [
            (node.id, 1.0, "0")
        ] * 2
        assert place.noted("left")[0]["at"] < second["began"]


class TestLeft:
    def test_the_work_of_a_run_that_is_killed_ends_and_the_next_command_tells_of_it(self, place: Place) -> None:
        process = place.start(LONG, "--job-id", "driver-killed")
        until(lambda: place.noted("placed"))
        process.kill()
        process.wait()
        until(lambda: gone(place.noted("placed")[0]["pid"]))
        self._told_by_the_next_command("driver-killed")

    def test_so_is_one_that_ray_ends_since_its_head_is_gone(self, token: Path, toys: Toys) -> None:
        with ray_nodes(token) as nodes, closing(Place(toys, nodes, nodes.start_head(HASTY, num_cpus=1))) as place:
            process = place.start(LONG, "--job-id", "head-lost")
            until(lambda: place.noted("placed"))
            nodes.kill_head_server()
            assert process.wait(60) != 0  # Ray ends it, and asks nobody
            until(lambda: gone(place.noted("placed")[0]["pid"]))
        self._told_by_the_next_command("head-lost")

    @staticmethod
    def _told_by_the_next_command(job_id: str) -> None:
        jobs = in_process("jobs", "--json")
        assert f"Job {job_id} had vanished while it ran; it is marked as crashed." in jobs.err
        assert {job["job_id"]: job["state"] for job in jobs.json} == {job_id: "crashed"}
        run = ended(job_id, 2)
        assert (run.state, run.ends) == ("Crashed", {"toy_placed": "Crashed", "next": "Crashed"})


class TestElsewhere:
    @pytest.fixture
    def far(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
        """The same cluster, were one of its nodes another machine."""
        from flows.places import ray_connection

        there = {"Alive": True, "NodeID": "f", "NodeManagerAddress": "203.0.113.7", "Resources": {"CPU": 4.0}}
        nodes = ray_connection.nodes
        monkeypatch.setattr(ray_connection, "nodes", lambda: [*nodes(), there])
        return place

    def test_a_store_that_only_this_machine_reaches_is_refused(self, far: Place) -> None:
        refused = far.run(LONG)
        assert refused.code == 2
        endpoint = far.toys.environment["AWS_ENDPOINT_URL"]
        assert f"The object store is at {endpoint}, which only this machine can reach" in refused.json["error"]
        assert "the cluster at 127.0.0.1:" in refused.json["error"]
        assert far.noted("placed") == []

    def test_so_is_such_a_server(self, far: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        from flows.places.ray_connection import connect

        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store.example:9000")
        server = "http://localhost:4200/api"
        told = f"The Prefect server is at {server}, which only this machine can reach.* PREFECT_API_URL"
        try:
            with pytest.raises(UsageError, match=told):
                connect(far.head.address, read_settings(), server)
            assert connect(far.head.address, read_settings(), "http://prefect.example/api").elsewhere
        finally:
            ray.shutdown()


def _workers(place: Place) -> set[int]:
    return {int(line.split()[1]) for line in noted(place.toys.folder, "items")}
