"""A Ray for a benchmark, in a temporary home; and what its parts have in common: ways to run, CPU time, tables."""

from __future__ import annotations

import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psutil

from deployments.local import down
from deployments.local.lifecycle import start
from flows.connections import local_ray, read_local
from flows.settings import read_settings

STAGES = "bench.ray_stages,bench.overhead_stages"


@contextmanager
def ray_running() -> Iterator[None]:
    """A Ray of its own on this machine, for `--runner ray` of every process that is started meanwhile."""
    with tempfile.TemporaryDirectory(prefix="stagewright-bench-") as home:
        os.environ |= {"STAGEWRIGHT_HOME": home, "STAGEWRIGHT_STAGE_MODULES": STAGES, "PREFECT_LOGGING_LEVEL": "ERROR"}
        settings = read_settings()
        start(settings, print, ("ray",))
        try:
            yield
        finally:
            down(settings, print)


def environment_of_peers() -> dict[str, str]:
    """What a program that knows nothing of us needs to connect to that Ray. To be set before it imports ray."""
    found = local_ray(read_settings())
    assert found is not None
    return {
        "RAY_ADDRESS": found.address,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(found.token_file),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # else 127.0.0.1 is taken for an address that it does not listen on
    }


def ends_in_order() -> None:
    """A SIGTERM (of `timeout`, mostly) ends this process as an exception does: what was started is stopped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def rounds_of(ways: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """What each way gave in each round; one round before these warms up and does not count."""
    found: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds + 1):
        for way, measure in ways.items():
            value = measure()
            if number:
                found[way].append(value)
    return found


def seconds_of(run: Callable[[], Any]) -> float:
    """Seconds that a call takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def median(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """The median of the ratios within each round."""
    return statistics.median(a / b for a, b in zip(one, other, strict=True))


def print_table(title: str, columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> None:
    """A table with a column of names."""
    print(f"\n{title:<44}" + "".join(f"{column:>13}" for column in columns))
    for name, cells in rows.items():
        print(f"{name:<44}" + "".join(f"{cell:>13}" for cell in cells), flush=True)


class RayTime(threading.Thread):
    """CPU seconds that all processes of the local Ray take while this runs, looked at ten times a second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._head = psutil.Process(read_local(read_settings())["processes"]["ray"]["pid"])
        self._before, self._seen = self._now(), dict[tuple[int, float], float]()
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.1):
            self._seen |= self._now()

    def seconds(self) -> float:
        """End, and tell."""
        self._ended.set()
        self.join()
        self._seen |= self._now()
        return sum(seconds - self._before.get(process, 0.0) for process, seconds in self._seen.items())

    def _now(self) -> dict[tuple[int, float], float]:
        found = {}
        for process in (self._head, *self._head.children(recursive=True)):
            try:
                used = process.cpu_times()
                found[process.pid, process.create_time()] = used.user + used.system
            except psutil.Error:  # it has just ended
                continue
        return found
