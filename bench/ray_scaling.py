"""The part `scaling` of bench.ray: items that sleep, on clusters of 1, 4 and 16 simulated nodes of one CPU each.

Every node is a whole Ray node on loopback (`ray.cluster_utils.Cluster`), and all share this machine: starting sixteen
workers takes it as long as it takes, on a machine of their own they would start side by side. So the time until all had
joined is told apart, and efficiency is that of the time thereafter: the share of it in which workers were at an item.
Each cluster is given as much work for each node.
"""

from __future__ import annotations

import argparse
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from bench.ray_services import ends_in_order, print_table

NODES = (1, 4, 16)
WORK_MS, EACH = 250.0, 160
STORE = 78_643_200
"""Bytes, the least that Ray takes."""

_SETTINGS = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # read when ray is imported; else a cluster on 127.0.0.1 hangs
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
}


@contextmanager
def cluster_of(nodes: int) -> Iterator[str]:
    """The address of a cluster that runs."""
    import ray
    from ray.cluster_utils import Cluster

    node: dict[str, Any] = {"num_cpus": 1, "object_store_memory": STORE, "node_ip_address": "127.0.0.1"}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        for _ in range(nodes - 1):
            cluster.add_node(wait=False, **node)
        cluster.wait_for_nodes()
        yield cluster.address
    finally:
        ray.shutdown()
        left = psutil.Process().children(recursive=True)
        cluster.shutdown()
        for process in psutil.wait_procs(left, timeout=10)[1]:
            process.kill()


def measure(nodes: int) -> list[str]:
    """A row of the table."""
    from bench.ray_runs import flow_of

    started = time.monotonic()
    with cluster_of(nodes) as address:
        up = time.monotonic() - started
        flow = flow_of("name: items\nstages:\n  - bench_items\n", address)
        ran = flow(bench_items={"count": EACH * nodes, "work_ms": WORK_MS})["outputs"]["spread"]
    ideal = EACH * WORK_MS / 1000
    return [
        f"{up:.0f}",
        str(ran["workers"]),
        f"{ran['joined_s']:.1f}",
        f"{ideal:.1f}",
        f"{ran['seconds']:.1f}",
        f"{ideal / ran['seconds']:.2f}",
        f"{ran['busy']:.3f}",
    ]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=1, help="one is enough; each takes minutes")
    parser.add_argument("--nodes", type=int, nargs="+", default=NODES)
    given = parser.parse_args()
    if "RAY_AUTH_TOKEN" not in os.environ:  # Ray, imported below, reads these when it is
        os.environ |= _SETTINGS | {"RAY_AUTH_TOKEN": secrets.token_hex(32)}
    ends_in_order()
    columns = ["nodes up, s", "workers", "joined, s", "ideal, s", "wall, s", "ideal/wall", "efficiency"]
    rows = {f"{nodes} node{'s' * (nodes > 1)}": measure(nodes) for nodes in given.nodes}
    print_table(f"{EACH} items of {WORK_MS:g} ms for each node", columns, rows)


if __name__ == "__main__":
    main()
