"""The part `overhead` of bench.ray: what a run costs on Ray, and what a stage does, when the work is nothing.

Whole processes on a Ray that runs: the eight stages of bench/overhead.yaml, each writing 1 MB and 10 kB to S3, by
`stagewright run` on threads and on Ray, and as plain Prefect tasks on prefect-ray. `kept`: nothing has changed.

Within one process, on a connection that is warm: a line of 21 stages that write a number less a line of one, by 20. So
that is what one more stage takes with all that belongs to it: its states told to Prefect, the checkpoint sought, the
envelope stored, the artifact. `carried out` is the part of it that a runner decides on, and nothing of Prefect or the
store: from the order to the envelope. `bare`: a task of Ray that returns.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.overhead_work import COUNT
from bench.ray_services import ends_in_order, environment_of_peers, median, print_table, ratio, rounds_of, seconds_of

PROFILE = str(Path(__file__).with_name("overhead.yaml"))
LONG, SHORT = 21, 1
CARRIED = 20
"""Times that a stage is carried out for one figure."""


def whole_processes(rounds: int) -> None:
    """The first table."""
    peers = os.environ | environment_of_peers()
    subprocess.run([sys.executable, "-m", "bench.ray_prefect", "setup"], check=True, env=peers)
    seeds: dict[str, int] = {}

    def ours(runner: str, fresh: bool) -> float:
        if fresh:
            seeds[runner] = random.randrange(10**9)
        sets = [part for n in range(COUNT) for part in ("--set", f"overhead_{n}.seed={seeds[runner]}")]
        command = str(Path(sys.executable).with_name("stagewright"))
        return _timed([command, "run", PROFILE, "--runner", runner, *sets, "--json"], dict(os.environ))

    def plain(fresh: bool) -> float:
        if fresh:
            seeds["plain"] = random.randrange(10**9)
        return _timed([sys.executable, "-m", "bench.ray_prefect", str(seeds["plain"])], peers)

    found = rounds_of(
        {
            "threads cold": lambda: ours("threads", True),
            "threads kept": lambda: ours("threads", False),
            "ray cold": lambda: ours("ray", True),
            "ray kept": lambda: ours("ray", False),
            "plain cold": lambda: plain(True),
            "plain kept": lambda: plain(False),
        },
        rounds,
    )
    named = {"threads": "Stagewright on threads", "ray": "Stagewright on Ray", "plain": "plain prefect-ray"}
    rows = {
        name: [f"{median(found[f'{way} {mode}']):.2f}" for mode in ("cold", "kept")]
        + [f"{ratio(found[f'{way} cold'], found['threads cold']):.2f}"]
        for way, name in named.items()
    }
    print_table(f"8 stages, whole process, s, median of {rounds}", ["cold", "kept", "cold/threads"], rows)


def _timed(command: list[str], environment: dict[str, str]) -> float:
    done: list[Any] = []
    quiet = {"capture_output": True, "text": True, "timeout": 120}
    took = seconds_of(lambda: done.append(subprocess.run(command, env=environment, **quiet)))
    if done[0].returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done[0].stdout}\n{done[0].stderr}")
    return took


def one_process(rounds: int) -> None:
    """The second table."""
    import ray

    from flows.places.ray_connection import connect
    from flows.settings import read_settings

    settings = read_settings()
    connect("ray", settings, os.environ["PREFECT_API_URL"])  # now, and kept: what it takes is in the first table
    try:
        found = rounds_of(_lines() | _carried(), rounds)
    finally:
        ray.shutdown()
    one = {
        runner: [
            1000 * (long - short) / (LONG - SHORT)
            for long, short in zip(found[f"{runner} long"], found[f"{runner} short"], strict=True)
        ]
        for runner in ("threads", "ray")
    }
    carried = {name: [1000 * value / CARRIED for value in found[name]] for name in ("here", "place", "bare")}
    more = [a - b for a, b in zip(one["ray"], one["threads"], strict=True)]
    more_carried = [a - b for a, b in zip(carried["place"], carried["here"], strict=True)]
    rows = {
        "one more stage of a run": (one["threads"], one["ray"], more),
        "carried out": (carried["here"], carried["place"], more_carried),
    }
    cells = {name: [f"{median(values):.1f}" for values in row] for name, row in rows.items()}
    cells["bare"] = ["", f"{median(carried['bare']):.1f}", ""]
    print_table(f"a stage that does nothing, ms, median of {rounds}", ["threads", "Ray", "Ray adds"], cells)


def _lines() -> dict[str, Callable[[], float]]:
    """Runs of lines of stages."""
    from bench.ray_runs import flow_of

    def run(runner: str, count: int) -> Callable[[], float]:
        rest = "".join(f"  - {{id: next_{n}, stage: bench_next}}\n" for n in range(1, count))
        flow = flow_of(f"name: line-{count}\nstages:\n  - bench_begin\n{rest}", runner)
        return lambda: seconds_of(lambda: flow(bench_begin={"seed": random.randrange(10**9)}))

    lengths = {"short": SHORT, "long": LONG}
    return {f"{runner} {name}": run(runner, n) for runner in ("threads", "ray") for name, n in lengths.items()}


def _carried() -> dict[str, Callable[[], float]]:
    """A stage carried out, without Prefect, and a bare task of Ray."""
    import ray

    from bench.ray_runs import assignment
    from flows.connections import open_blobs
    from flows.places.baggage import pack
    from flows.places.here import Here
    from flows.places.place import Surroundings
    from flows.places.ray_place import RayPlace
    from flows.settings import read_settings

    blobs = open_blobs(read_settings())
    around = Surroundings("bench", blobs, dict(os.environ), threading.Event(), 0)
    work = assignment(blobs, logging.getLogger("bench"))
    here, place = Here(around), RayPlace(around, pack(elsewhere=False))
    bare: Any = ray.remote(max_retries=0)(_nothing)

    def times(run: Callable[[], Any]) -> Callable[[], float]:
        return lambda: seconds_of(lambda: [run() for _ in range(CARRIED)])

    return {
        "here": times(lambda: here.carry_out(work)),
        "place": times(lambda: place.carry_out(work)),
        "bare": times(lambda: ray.get(bare.remote())),
    }


def _nothing() -> None:
    """Nothing."""


def main() -> None:
    """Both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    ends_in_order()
    whole_processes(rounds)
    one_process(rounds)


if __name__ == "__main__":
    main()
