"""A cluster of several nodes as one test sees it: nodes come, go and fall silent while jobs run on it."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil

from tests.integration.driving import Ended, Toys
from tests.integration.ray_nodes import RayNode, RayNodes
from tests.integration.ray_toys import noted


class Place:
    """A cluster as one test sees it. Nodes that it adds are gone after it."""

    def __init__(self, toys: Toys, nodes: RayNodes, head: RayNode) -> None:
        self.toys, self.head = toys, head
        self._nodes = nodes
        self._added: list[RayNode] = []
        self._silent: list[psutil.Process] = []
        self._started: list[subprocess.Popen[bytes]] = []

    def add(self, **node: Any) -> RayNode:
        """Another node; parameters as of `Cluster.add_node`."""
        self._added.append(self._nodes.add(**node))
        return self._added[-1]

    def kill(self, node: RayNode) -> None:
        """End all of its processes at once."""
        self._nodes.kill(node)

    def silence(self, node: RayNode) -> None:
        """Stop its processes where they are."""
        self._silent += node.fall_silent()

    def wake(self) -> None:
        """Let all that were stopped go on."""
        for process in self._silent:
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def close(self) -> None:
        """End what was started, whatever state it is in."""
        for process in self._started:
            process.kill()
            process.wait()
        for node in self._added:
            self._nodes.kill(node)
        for process in self._silent:  # workers that cannot notice that their node was killed
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def run(self, profile: str, *args: str) -> Ended:
        """`stagewright run` there."""
        self.toys.profile = profile
        return self.toys.run("--runner", self.head.address, *args)

    def start(self, profile: str, *args: str) -> subprocess.Popen[bytes]:
        """The same, started and left to itself."""
        self.toys.profile = profile
        self._started.append(self.toys.start("--runner", self.head.address, *args))
        return self._started[-1]

    def noted(self, name: str) -> list[Any]:
        """What toys left under that name."""
        return [json.loads(line) for line in noted(self.toys.folder, name)]


@contextmanager
def meanwhile(act: Callable[[], None]) -> Iterator[None]:
    """Do that on a thread, while this one runs a job. What it raises is raised after that."""
    raised: list[BaseException] = []

    def acting() -> None:
        try:
            act()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=acting)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if raised:
        raise raised[0]
