"""A Ray cluster of several nodes on this machine, each a handful of processes, for tests that take nodes away.

The nodes are children of a helper process with an environment of its own: nothing that another test has set reaches
them, and Ray, which keeps much in the process that starts it, leaves the one of the tests alone. The helper is this
file run as a program; it takes a command a line, as JSON, and answers each with a line. It ends its nodes when its
standard input closes, so also when the tests were killed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")


@dataclass(frozen=True)
class RayNode:
    """A node. `pid` is that of its raylet, whose children are the workers; `address` the cluster's."""

    id: str
    pid: int
    address: str

    def holds(self, pid: int) -> bool:
        """Whether this process is one of its."""
        return self.pid in (parent.pid for parent in psutil.Process(pid).parents())

    def fall_silent(self) -> list[psutil.Process]:
        """Stop raylet and workers where they are, without an end that anybody could notice; who they are."""
        raylet = psutil.Process(self.pid)
        raylet.suspend()  # first, so that it starts nobody else
        stopped = [raylet, *raylet.children(recursive=True)]
        for process in stopped:
            process.suspend()
        return stopped


class RayNodes:
    """The cluster. Nodes are added and killed by tests; those that are left end with it."""

    def __init__(self, helper: subprocess.Popen[str]) -> None:
        self._helper = helper

    def start_head(self, settings: Mapping[str, Any], **node: Any) -> RayNode:
        """The first node. `settings`: Ray's own, by `_system_config`, for all nodes."""
        return self.add(_system_config=settings, gcs_server_port=0, **{"include_dashboard": False, **node})

    def add(self, **node: Any) -> RayNode:
        """Another node, which is there when this returns. Parameters as of `Cluster.add_node`."""
        return RayNode(**self._asked("add", node))

    def kill(self, node: RayNode) -> None:
        """End all its processes at once. It may be gone already."""
        self._asked("kill", {"id": node.id})

    def kill_head_server(self) -> None:
        """End the GCS, which knows of all nodes and without which nothing new can be asked of the cluster."""
        self._asked("kill_gcs", {})

    def close(self) -> None:
        """End all nodes."""
        assert self._helper.stdin
        self._helper.stdin.close()
        try:
            self._helper.wait(30)
        except subprocess.TimeoutExpired:
            self._helper.kill()  # a process that Ray started beside it ends the nodes then
            self._helper.wait()

    def _asked(self, what: str, how: Mapping[str, Any]) -> dict[str, Any]:
        assert self._helper.stdin
        assert self._helper.stdout
        self._helper.stdin.write(json.dumps([what, how]) + "\n")
        self._helper.stdin.flush()
        answer: dict[str, Any] = json.loads(self._helper.stdout.readline())
        return answer


@contextmanager
def ray_nodes(token: Path) -> Iterator[RayNodes]:
    """A cluster without nodes. `token`: the file with what everybody needs to use it."""
    temporary = tempfile.mkdtemp(prefix="rn-")  # short: sockets below it have short paths only
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ} | {
        "RAY_TMPDIR": temporary,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # else nodes on 127.0.0.1 look for each other elsewhere
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    log = Path(temporary) / "helper.log"
    with log.open("w") as stderr:
        helper = subprocess.Popen(
            [sys.executable, "-P", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment,
            cwd=temporary,
            text=True,
        )
    nodes = RayNodes(helper)
    try:
        yield nodes
    finally:
        nodes.close()
        sys.stderr.write(log.read_text())  # shown where the test failed
        shutil.rmtree(temporary, ignore_errors=True)


def _serve() -> None:
    """Do what is told, until nobody tells any more."""
    from ray.cluster_utils import Cluster

    answers, sys.stdout = sys.stdout, sys.stderr  # Ray's own words go elsewhere
    cluster, nodes = Cluster(), dict[str, Any]()
    try:
        for line in sys.stdin:
            what, how = json.loads(line)
            print(json.dumps(_done(cluster, nodes, what, how)), file=answers, flush=True)
    finally:
        for node in [*cluster.worker_nodes, *([cluster.head_node] if cluster.head_node else [])]:
            node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)


def _done(cluster: Any, nodes: dict[str, Any], what: str, how: dict[str, Any]) -> dict[str, Any]:
    match what:
        case "add":
            node = cluster.add_node(node_ip_address="127.0.0.1", **how)
            nodes[node.node_id] = node
            raylet = node.all_processes["raylet"][0].process
            return {"id": node.node_id, "pid": raylet.pid, "address": cluster.gcs_address}
        case "kill":
            if node := nodes.pop(how["id"], None):
                cluster.remove_node(node, allow_graceful=False)
        case "kill_gcs":
            os.kill(cluster.head_node.all_processes["gcs_server"][0].process.pid, signal.SIGKILL)
    return {}


if __name__ == "__main__":
    _serve()
