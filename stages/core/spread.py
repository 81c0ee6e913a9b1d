"""Spreading the items of a stage over workers: order kept, bounded in flight.

Threads, not processes: what items cost is decoding, ONNX sessions of one thread each and OpenCV, which all let go of
the interpreter's lock. Measured on two cores, text sought in 24 frames of 720p: one thread 2.7 s, two threads 1.2 s,
two spawned processes 2.4 s, of which half is loading the models again (`python -m bench.spread`).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class FailedItem:
    """An item of a stage that could not be dealt with: its place among the items, and why."""

    index: int
    kind: str
    message: str
    error: BaseException | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"

    @staticmethod
    def of(index: int, error: BaseException) -> FailedItem:
        """What an exception makes of an item."""
        return FailedItem(index, type(error).__name__, str(error), error)


def failures_allowed(share: float, items: int) -> int:
    """How many of the items may fail where this share (0..1) may: always one of several, never the only one."""
    return max(1, int(share * items)) if items > 1 else 0


Setup = Callable[[], Any] | None


class Spread(Protocol):
    """Where items run. Results come in order; an item that raises gives a FailedItem."""

    def map(
        self, fn: Callable[..., Any], items: Iterable[Any], *, setup: Setup = None, in_flight: int | None = None
    ) -> Iterator[Any]: ...


inside: ContextVar[bool] = ContextVar("inside", default=False)
"""Whether an item runs in this context. One that maps in its turn does so by itself (`RuntimeContext.map`): were it to
wait for others, all might wait."""


class SerialSpread:
    """One item after the other, in the caller's thread."""

    def map(
        self, fn: Callable[..., Any], items: Iterable[Any], *, setup: Setup = None, in_flight: int | None = None
    ) -> Iterator[Any]:
        """See Spread."""
        prepared = (setup(),) if setup else ()
        for index, item in enumerate(items):
            yield attempt(fn, prepared, index, item)


class ThreadSpread:
    """One pool of threads for a whole run, shared by all its stages. `setup` runs once a thread and call of `map`."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="items")

    def map(
        self, fn: Callable[..., Any], items: Iterable[Any], *, setup: Setup = None, in_flight: int | None = None
    ) -> Iterator[Any]:
        """See Spread; twice as many items as workers are in flight by default."""
        ahead = max(1, in_flight or 2 * self.workers)
        local = threading.local()

        def run(index: int, item: Any) -> Any:
            inside.set(True)
            if setup and not hasattr(local, "prepared"):
                local.prepared = (setup(),)
            return attempt(fn, local.prepared if setup else (), index, item)

        yield from in_order(lambda index, item: self._pool.submit(copy_context().run, run, index, item), items, ahead)

    def close(self) -> None:
        """End the pool; items in flight are finished, waiting ones dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def in_order(submit: Callable[[int, Any], Future[Any]], items: Iterable[Any], ahead: int) -> Iterator[Any]:
    """The results of items in their order. At most `ahead` of them are taken before their turn."""
    waiting: deque[Future[Any]] = deque()
    try:
        for index, item in enumerate(items):
            waiting.append(submit(index, item))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def attempt(fn: Callable[..., Any], prepared: tuple[Any, ...], index: int, item: Any) -> Any:
    """What `fn` makes of the item, or the FailedItem that it made of itself."""
    try:
        return fn(*prepared, item)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the item fails, not the stage; the caller counts and names it
        return FailedItem.of(index, error)
