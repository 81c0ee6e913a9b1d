"""The part `items` of bench.ray: what an item costs beyond its work, a thousand of them in one go.

`ctx.map` on Ray and on threads is timed inside the stage; beside it plain Ray with the same function: a task an item,
and Ray's own pool of two actors. Each way has two workers, and items sleep, so that the figure is what handing them
out costs: (seconds - items x work / 2) / items. Starting the workers is in it, but for plain tasks, whose processes
stay from round to round. Items of no work are done by the stage's own process before a second worker has joined.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

from bench.ray_services import ends_in_order, median, print_table, rounds_of, seconds_of
from bench.ray_stages import slept

COUNT, WORKERS = 1000, 2
WORKS_MS = (0.0, 5.0)


def _ours(runner: str, work_ms: float) -> Callable[[], float]:
    from bench.ray_runs import flow_of

    flow = flow_of("name: items\nstages:\n  - bench_items\n", runner)

    def run() -> float:
        ran = flow(bench_items={"count": COUNT, "work_ms": work_ms})
        return float(ran["outputs"]["spread"]["seconds"])

    return run


def _tasks(work_ms: float) -> Callable[[], float]:
    import ray

    task: Any = ray.remote(slept)
    return lambda: seconds_of(lambda: ray.get([task.remote(n, work_ms / 1000) for n in range(COUNT)]))


class _Sleeper:
    def sleep(self, item: int, seconds: float) -> Any:
        return slept(item, seconds)


def _pool(work_ms: float) -> Callable[[], float]:
    import ray
    from ray.util import ActorPool

    kind: Any = ray.remote(_Sleeper)

    def run() -> None:
        actors = [kind.remote() for _ in range(WORKERS)]
        list(ActorPool(actors).map(lambda actor, n: actor.sleep.remote(n, work_ms / 1000), range(COUNT)))
        for actor in actors:
            ray.kill(actor)

    return lambda: seconds_of(run)


def main() -> None:
    """Measure and print the table."""
    import ray

    from flows.places.ray_connection import connect
    from flows.settings import read_settings

    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    ends_in_order()
    os.environ["STAGEWRIGHT_WORKERS"] = str(WORKERS)
    connect("ray", read_settings(), os.environ["PREFECT_API_URL"])
    try:
        kinds: dict[str, Callable[[float], Callable[[], float]]] = {
            "ctx.map on threads": lambda work: _ours("threads", work),
            "ctx.map on Ray": lambda work: _ours("ray", work),
            "plain Ray, a task an item": _tasks,
            "plain Ray, its pool of actors": _pool,
        }
        found = rounds_of({f"{way} {work}": make(work) for way, make in kinds.items() for work in WORKS_MS}, rounds)
    finally:
        ray.shutdown()
    rows = {way: [f"{_beyond(median(found[f'{way} {work}']), work):.2f}" for work in WORKS_MS] for way in kinds}
    columns = [f"{work:g} ms of work" for work in WORKS_MS]
    print_table(f"ms an item beyond its work, of {COUNT}", columns, rows)


def _beyond(seconds: float, work_ms: float) -> float:
    return 1000 * seconds / COUNT - work_ms / WORKERS


if __name__ == "__main__":
    main()
