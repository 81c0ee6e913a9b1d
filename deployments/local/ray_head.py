"""Run as a program, by `ray_cluster`: `ray start` without the server of the Ray Client, which no flag leaves out, and
with the job server alone of all that is a dashboard, which no flag lets in.

The first costs 95 MB and listens at a fixed port; nothing of ours uses it (`ray://` has no streaming tasks). A whole
dashboard is eleven processes more and 200 MB; the job server is one of them.
"""

from __future__ import annotations

import os
from typing import Any

_HOOK = "RAY_START_HOOK"  # names what `ray start` calls with its parameters before it starts anything
_NOTHING = "--modules-to-load=UsageStatsHead"  # what the dashboard is started with that is not to be included
_NO_SERVER = "--disable-frontend"
_JOBS = "--modules-to-load=UsageStatsHead,NodeHead,JobHead"  # NodeHead tells JobHead which node is the head


def without_client_server(parameters: Any, head: bool) -> None:
    """Take the port of that server away: without one it is not started."""
    del os.environ[_HOOK]  # for the processes of Ray it means nothing
    parameters.ray_client_server_port = None


def with_job_server(start: Any) -> Any:
    """The function by which Ray starts its processes, with another list of modules for the dashboard's."""

    def started(command: list[str], *args: Any, **kwargs: Any) -> Any:
        if _NOTHING in command:
            command = [_JOBS if part == _NOTHING else part for part in command if part != _NO_SERVER]
        return start(command, *args, **kwargs)

    return started


if __name__ == "__main__":
    from ray._private import services

    services.start_ray_process = with_job_server(services.start_ray_process)
    os.environ[_HOOK] = "__main__.without_client_server"
    from ray.scripts import scripts

    run: Any = scripts.main
    run()
