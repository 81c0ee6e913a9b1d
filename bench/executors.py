"""What a call of an action costs in each executor, beside the plain way to the same place.

    python -m bench.executors [--rounds 5]

The action adds two numbers, so all of it is the way there and back. Rounds take turns; the median of each is told.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.services import running
from deployments.local.lifecycle import start
from flows.settings import read_settings

CONFIG = "name: Adding\ncode: adding\nactions:\n  add: {entrypoint: work:add}\n"
WORK = """
from pydantic import BaseModel
from stages.plugins import action

class Pair(BaseModel):
    a: int = 1
    b: int = 2

@action
def add(params: Pair, ctx):
    return {"sum": params.a + params.b}
"""
PLAIN_JOB = "import sys; print(sum(map(int, sys.argv[1:])))"


def _timed(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _plain_actor() -> Callable[[], Any]:
    import ray

    class Adder:
        def add(self, pair: dict[str, int]) -> dict[str, int]:
            return {"sum": pair["a"] + pair["b"]}

    actor: Any = ray.remote(Adder).remote()
    return lambda: ray.get(actor.add.remote({"a": 1, "b": 2}))


def _plain_job(client: Any) -> None:
    job = client.submit_job(entrypoint=f'{sys.executable} -c "{PLAIN_JOB}" 1 2')
    while client.get_job_status(job).value not in ("SUCCEEDED", "FAILED"):
        time.sleep(0.1)
    assert client.get_job_logs(job).splitlines()[-1] == "3"


def _ways(folder: Path) -> dict[str, Callable[[], Any]]:
    from flows.executors import LocalExecutor, RayActorExecutor, RayJobExecutor, run_plugin
    from flows.executors.job_server import connected, dashboard_of
    from stages.plugins import PluginDiscovery

    add = PluginDiscovery.from_path(folder).get_action_class("add")
    local, actor, jobs = LocalExecutor(), RayActorExecutor(folder), RayJobExecutor(working_dir=folder)
    print(f"first call of an actor: {_timed(lambda: actor.execute(add)):.2f} s, connecting included")
    plain, client, numbers = _plain_actor(), connected(dashboard_of(None)), iter(range(10**6))
    plain()
    return {
        "local": lambda: local.execute(add),
        "actor": lambda: actor.execute(add),
        "  plain Ray actor": plain,
        "task, run": lambda: run_plugin(folder, "add", {"a": next(numbers)}, "task"),
        "task, kept": lambda: run_plugin(folder, "add", {"a": -1}, "task"),
        "job": lambda: jobs.execute(add),
        "  plain Ray job": lambda: _plain_job(client),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with running(), tempfile.TemporaryDirectory() as temporary:
        start(read_settings(), print, ("ray",))
        os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
        folder = Path(temporary) / "adding"
        folder.mkdir()
        (folder / "config.yaml").write_text(CONFIG)
        (folder / "work.py").write_text(WORK)
        ways = _ways(folder)
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds + 1):  # the first warms up
            for name, run in ways.items():
                taken[name].append(_timed(run))
        import ray

        ray.shutdown()  # before Ray itself goes
    for name, seconds in taken.items():
        print(f"{name:20} {statistics.median(seconds[1:]):8.4f} s")


if __name__ == "__main__":
    main()
