"""Stages that do nothing, and one whose items do nothing but sleep; it tells who dealt with them, and when."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from pydantic import Field

from stages import RuntimeContext, StageConfig, stage

Row = tuple[int, float, float]
"""Process, begin and end of an item, in seconds of the clock that all processes of a machine share."""


class BeginConfig(StageConfig):
    seed: int = Field(0, description="Another one makes everything anew")


class ItemsConfig(StageConfig):
    count: int = Field(1000, ge=1, description="Items")
    work_ms: float = Field(0, ge=0, description="How long each sleeps, milliseconds")


@stage(writes=("token",), category="bench")
def bench_begin(config: BeginConfig) -> int:
    """A number."""
    return config.seed


@stage(writes=("token",), category="bench")
def bench_next(token: int) -> int:
    """The next number."""
    return token + 1


@stage(writes=("spread",), category="bench", pure=False)
def bench_items(config: ItemsConfig, ctx: RuntimeContext) -> dict[str, Any]:
    """How long items took, and how long it was until all workers had joined."""
    began = time.monotonic()
    rows: list[Any] = list(ctx.map(partial(slept, seconds=config.work_ms / 1000), range(config.count)))
    return spread_of(rows, began, time.monotonic())


def slept(item: int, seconds: float) -> Row:
    """One item."""
    began = time.monotonic()
    if seconds:
        time.sleep(seconds)
    return os.getpid(), began, time.monotonic()


def spread_of(rows: Sequence[Row], began: float, ended: float) -> dict[str, Any]:
    """`busy`: of the time that all workers had together since the last one joined, the share spent on items."""
    first = {pid: min(row[1] for row in rows if row[0] == pid) for pid in {row[0] for row in rows}}
    joined = max(first.values())
    worked = sum(max(0.0, row[2] - max(row[1], joined)) for row in rows)
    return {
        "seconds": ended - began,
        "workers": len(first),
        "joined_s": joined - began,
        "busy": worked / (len(first) * (ended - joined)),
    }
