"""Run as a program, by `ray_cluster`: `ray start` without the server of the Ray Client, which no flag leaves out.

That server costs 95 MB and listens at a fixed port; nothing of ours uses it (`ray://` has no streaming tasks).
"""

from __future__ import annotations

import os
from typing import Any

_HOOK = "RAY_START_HOOK"  # names what `ray start` calls with its parameters before it starts anything


def without_client_server(parameters: Any, head: bool) -> None:
    """Take the port of that server away: without one it is not started."""
    del os.environ[_HOOK]  # for the processes of Ray it means nothing
    parameters.ray_client_server_port = None


if __name__ == "__main__":
    os.environ[_HOOK] = "__main__.without_client_server"
    from ray.scripts import scripts

    run: Any = scripts.main
    run()
