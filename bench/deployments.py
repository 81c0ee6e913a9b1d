"""What a deployment costs: deploying, and the way from the press of a button to the end of a run, beside plain Prefect.

    python -m bench.deployments [--rounds 5]

The eight stages of `bench.overhead`, deployed to one worker that Stagewright starts, as the profile and as the peer's
flow. Each round starts a run of each, cold (nothing stored yet) and kept, one after the other: `waits` is from the
press to Running (the worker asks, a process starts, the flow is imported), `runs` from there to Completed.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.overhead_work import COUNT
from bench.services import running
from deployments.local.lifecycle import start
from deployments.local.prefect_worker import POOL
from flows.settings import read_settings

ROOT = Path(__file__).parents[1]
STAGEWRIGHT = str(Path(sys.executable).parent / "stagewright")
WAYS = {"Stagewright": "overhead/default", "plain Prefect": "overhead-peer/peer"}


def _timed(*args: str) -> float:
    began = time.perf_counter()
    subprocess.run([STAGEWRIGHT, *args], check=True, capture_output=True, env=os.environ)
    return time.perf_counter() - began


def _deploy_the_peer() -> None:
    from prefect.deployments.runner import EntrypointType

    from bench.overhead_prefect import PlainS3, line

    PlainS3().save("bench", overwrite=True, _sync=True)
    made: Any = line.to_deployment("peer", work_pool_name=POOL, entrypoint_type=EntrypointType.MODULE_PATH)
    made.apply()


def _parameters(way: str, seed: int) -> dict[str, Any]:
    if way == "plain Prefect":
        return {"seed": seed, "changed": seed}
    return {f"overhead_{number}": {"seed": seed} for number in range(COUNT)}


def _run(way: str, seed: int) -> tuple[float, float]:
    """Seconds until it is Running, and from there until it is Completed, as the server noted them."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(WAYS[way])
        pressed = time.time()
        run = client.create_flow_run_from_deployment(deployment.id, parameters=_parameters(way, seed))
        while not ((found := client.read_flow_run(run.id)).state and found.state.is_final()):
            time.sleep(0.1)
        states = {state.name: state.timestamp.timestamp() for state in client.read_flow_run_states(run.id)}
    if "Completed" not in states:
        raise SystemExit(f"{way}: the run ended {found.state}")
    return states["Running"] - pressed, states["Completed"] - states["Running"]


def measure(rounds: int) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Seconds of each way, cold and kept; rounds take turns."""
    seconds: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for number in range(rounds + 1):  # the first warms up and does not count
        seed = random.randrange(10**9)
        for mode in ("cold", "kept"):
            for way in WAYS:
                took = _run(way, seed)
                if number:
                    seconds.setdefault((way, mode), []).append(took)
    return seconds


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with running():
        os.environ |= {"STAGEWRIGHT_STAGE_MODULES": "bench.overhead_stages", "PYTHONPATH": str(ROOT)}
        os.environ["STAGEWRIGHT_PROFILES"] = str(ROOT / "bench")
        began = time.perf_counter()
        start(read_settings(), print, ("worker",))
        print(f"worker up {time.perf_counter() - began:.2f} s")
        print(f"deploy, first {_timed('deploy'):.2f} s, again {_timed('deploy'):.2f} s (6 deployments)")
        _deploy_the_peer()
        seconds = measure(rounds)
    print(f"{f'seconds, median of {rounds}':<26}{'waits':>8}{'runs':>8}")
    for (way, mode), took in seconds.items():
        waits, runs = (statistics.median(part) for part in zip(*took, strict=True))
        print(f"{f'{way}, {mode}':<26}{waits:>8.2f}{runs:>8.2f}")


if __name__ == "__main__":
    main()
