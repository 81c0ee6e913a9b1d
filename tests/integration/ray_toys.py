"""Stages for runs on Ray: they tell where they run, die when they are told to, and spread their items."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from pydantic import Field

from stages import FailedItem, Resources, RuntimeContext, StageConfig, stage


def _note(name: str, text: str) -> None:
    """Leave a line for the test, beside the log of toys."""
    with Path(os.environ["TOY_LOG"]).with_name(name).open("a") as file:
        file.write(f"{text}\n")


def noted(folder: Path, name: str) -> list[str]:
    """The lines that were left under that name."""
    file = folder / name
    return file.read_text().splitlines() if file.exists() else []


class MortalConfig(StageConfig):
    kill: int = Field(0, ge=0, description="Attempts that kill their own process")
    wait: float = Field(0, ge=0, description="Seconds to wait, telling of progress")
    busy: float = Field(0, ge=0, description="Seconds to compute without looking up")
    hold: int = Field(0, ge=0, description="Bytes of memory to fill")


@stage(writes=("lived",), category="toys", retries=2)
def toy_mortal(config: MortalConfig, ctx: RuntimeContext) -> int:
    """How many attempts it took."""
    _note("mortal", f"{os.getpid()} {os.environ.get('RAY_NODE_ID', '')}")
    attempts = len(noted(Path(os.environ["TOY_LOG"]).parent, "mortal"))
    ctx.log_message(f"attempt {attempts} says hello")
    if attempts <= config.kill:
        time.sleep(0.3)  # so that what it said is on its way
        os.kill(os.getpid(), signal.SIGKILL)
    _spend(config, ctx)
    return attempts


def _spend(config: MortalConfig, ctx: RuntimeContext) -> None:
    filled = bytearray(config.hold)
    filled[::4096] = b"x" * len(filled[::4096])
    until = time.monotonic() + config.busy
    while time.monotonic() < until:
        pass
    until = time.monotonic() + config.wait
    while time.monotonic() < until:
        ctx.set_progress(config.wait - (until - time.monotonic()), config.wait)
        time.sleep(0.05)


@stage(writes=("after",), category="toys")
def toy_after(lived: int) -> int:
    """Whatever came before."""
    return lived + 1


@stage(writes=("vast",), category="toys", resources=Resources(cpus=64))
def toy_vast() -> int:
    """More than there is."""
    return 1


class SpreadConfig(StageConfig):
    items: int = Field(20, ge=0, description="How many")
    wait: float = Field(0, ge=0, description="Seconds for each")
    bad: list[int] = Field([], description="Items that raise")
    deadly: list[int] = Field(
        [], description="Items that kill the process that deals with them, unless it is the first"
    )
    once: bool = Field(False, description="Deadly items kill once only")
    max_failed: int = Field(0, ge=0, description="Items that may fail")
    setup: bool = Field(True, description="Whether workers make something first")


class Loaded:
    """What is dear to make."""

    def __init__(self) -> None:
        _note("setups", str(os.getpid()))
        self.pid = os.getpid()


@stage(writes=("squares", "failed"), category="toys", retries=1)
def toy_spread(config: SpreadConfig, ctx: RuntimeContext) -> tuple[list[int], list[list[Any]]]:
    """Squares of numbers, dealt with wherever there is room."""
    from functools import partial

    _note("spread", str(os.getpid()))
    item = partial(square, config=config, stage=os.getpid())
    setup = Loaded if config.setup else None
    found = list(
        ctx.map(item if setup else partial(item, None), range(config.items), setup=setup, max_failed=config.max_failed)
    )
    failed = [[f.index, f.kind] for f in found if isinstance(f, FailedItem)]
    return [value for value in found if not isinstance(value, FailedItem)], failed


def square(loaded: Loaded | None, number: int, config: SpreadConfig, stage: int) -> int:
    """One item."""
    _note("items", f"{number} {os.getpid()}")
    time.sleep(config.wait)
    if number in config.bad:
        raise ValueError(f"{number} is bad")
    if number in config.deadly and os.getpid() != stage:
        before = [line for line in noted(Path(os.environ["TOY_LOG"]).parent, "items") if line.startswith(f"{number} ")]
        if not config.once or len(before) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
    return number * number


class BulkConfig(StageConfig):
    megabytes: int = Field(50, ge=0, description="Size of each of the values")


@stage(writes=("bulk", "numbers"), category="toys")
def toy_bulk(config: BulkConfig) -> tuple[bytes, list[int]]:
    """A blob of that size, and a list that is a sixth of it when it is written as JSON."""
    return os.urandom(1) * (config.megabytes << 20), list(range(10**6, 10**6 + config.megabytes * 20_000))


@stage(writes=("size",), category="toys")
def toy_bulk_size(bulk: bytes, numbers: list[int]) -> int:
    """Reads both."""
    return len(bulk) + len(numbers)


@stage(writes=("stuck",), category="toys")
def toy_stuck(ctx: RuntimeContext) -> list[Any]:
    """Its function holds what no other process can have."""
    import threading

    lock = threading.Lock()

    def held(number: int) -> int:
        with lock:
            time.sleep(0.05)
        return number

    return list(ctx.map(held, range(60)))


class PlacedConfig(StageConfig):
    wait: float = Field(0, ge=0, description="Seconds to wait")
    kill: int = Field(0, ge=0, description="Attempts that kill their own process")
    fill: int = Field(0, ge=0, description="MiB of memory that the first attempt fills")


@stage(writes=("placed",), category="toys", retries=2)
def toy_placed(config: PlacedConfig, ctx: RuntimeContext) -> int:
    """Tells where it was put and what Ray gave it; which attempt it is."""
    from ray import get_runtime_context

    context = get_runtime_context()
    told = {
        "pid": os.getpid(),
        "node": context.get_node_id(),
        "given": context.get_assigned_resources(),
        "devices": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "began": time.time(),
    }
    _note("placed", json.dumps(told))
    attempt = len(noted(Path(os.environ["TOY_LOG"]).parent, "placed"))
    if attempt <= config.kill:
        os.kill(os.getpid(), signal.SIGKILL)
    filled = [os.urandom(1) * (1 << 20) for _ in range(config.fill if attempt == 1 else 0)]
    until = time.monotonic() + config.wait
    while time.monotonic() < until:
        ctx.set_progress(config.wait - (until - time.monotonic()), config.wait)
        time.sleep(0.05)
    _note("left", json.dumps({"pid": os.getpid(), "at": time.time(), "filled": len(filled)}))
    return attempt


@stage(writes=("answers",), category="toys", pure=False)
def toy_asks(ctx: RuntimeContext) -> dict[str, Any]:
    """What the servers answer whose clients it is given: the state of its run, and who runs on the cluster."""
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

    own = FlowRunFilter(name=FlowRunFilterName(any_=[str(ctx.job_id)]))
    with ctx.client as client:  # left again, it is still there for whoever asks next
        (run,) = client.read_flow_runs(flow_run_filter=own)
    jobs = ctx.agent_client
    return {
        "run": run.state.name,
        "server": ctx.client.api_version(),
        "drivers": None if jobs is None else [job.type for job in jobs.list_jobs() if job.status == "RUNNING"],
    }
