"""`ray start --address=…` on loopback, where Ray refuses it: named to it by RAY_START_HOOK.

With RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0 Ray keeps to 127.0.0.1, but takes it that then there is one node only. Without,
it takes this machine's address in the network, and listens there.
"""

from __future__ import annotations

from typing import Any

from ray._private import ray_constants, services


def join(parameters: Any, head: bool) -> None:
    """Let the `ray start` of this process go on, still on loopback; what it starts has the variable."""
    ray_constants.ENABLE_RAY_CLUSTER = True
    services.get_node_ip_address = lambda address=None: "127.0.0.1"
