"""Who deals with the items of a stage on Ray: the stage's own process, and actors that join it where there is room.

The stage's own process is the first worker, so nothing waits for a process to start, a short `map` is done before one
has, and a full cluster stops nobody. Each actor asks for what the stage asks for, and deals with one item at a time.
What is given to `map` and what comes back is pickled by us, inside the job's surroundings, and goes between the stage
and its actors only: nothing of it passes the process that started the run.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any

import ray

from flows.places.cluster import LOST_ACTOR, answered, nodes
from flows.places.item_worker import Answer, ItemWorker, packed, unpacked
from flows.places.news import Notebook
from flows.places.order import Order
from flows.places.plugin_needs import in_words
from flows.places.room import options, room_for
from stages.core.errors import WorkerLost
from stages.core.spread import FailedItem, Setup, attempt, in_order, inside

JOIN_AFTER_S = 0.3
"""An actor takes half a second of a core to start; what is done by then needs none."""

PATIENCE_S = 5.0
"""Seconds in which actors must have let go; one on a node that fell silent does not."""

LIVES = 3
"""How many workers one item may lose before it counts as the cause; and an actor's place, before it is given up."""


class Call:
    """One call of `map`. In this process `setup` runs once, by whoever needs it first."""

    def __init__(self, fn: Callable[..., Any], setup: Setup) -> None:
        self.fn, self.setup = fn, setup
        self._prepared: tuple[Any, ...] | None = None
        self._packed: Any = None
        self._lock = threading.Lock()

    def run(self, index: int, item: Any) -> Any:
        """Deal with an item here."""
        inside.set(True)
        if self._prepared is None:
            self._prepared = (self.setup(),) if self.setup else ()
        return attempt(self.fn, self._prepared, index, item)

    def packed(self) -> Any:
        """Function and setup for actors, put into Ray's store once. Raises ContractError where they cannot travel."""
        with self._lock:
            if self._packed is None:
                self._packed = ray.put(packed((self.fn, self.setup), "the function or setup given to ctx.map"))
            return self._packed


@dataclass(eq=False)
class Item:
    """An item that waits or is dealt with, in the context of its stage. `lost`: workers that ended over it."""

    call: Call
    index: int
    value: Any
    future: Future[Any] = field(default_factory=Future)
    context: Context = field(default_factory=copy_context)
    lost: int = 0


class Crew:
    """The workers of one stage. They start with its first `map` and stay until it ends."""

    def __init__(self, order: Order, notebook: Notebook) -> None:
        self._order, self._notebook = order, notebook
        self.size = max(1, order.workers or room_for(order.resources, nodes()))
        self._waiting: deque[Item] = deque()
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._actors: set[Any] = set()  # that live, or wait for room
        self._ready = 0
        self._threads = [threading.Thread(target=self._work_here, name="items", daemon=True)]
        self._threads += [
            threading.Thread(target=self._work_elsewhere, args=(place,), name=f"items-{place}", daemon=True)
            for place in range(1, self.size)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, call: Call, index: int, value: Any) -> Future[Any]:
        """Give an item to whoever is free first."""
        item = Item(call, index, value)
        with self._changed:
            self._waiting.append(item)
            self._changed.notify_all()
        return item.future

    def close(self) -> None:
        """Let everybody go; the memory and devices of actors are free when this returns, or soon after."""
        self._closed.set()
        with self._changed:
            self._changed.notify_all()
            for actor in self._actors:
                ray.kill(actor)
        patience = time.monotonic() + PATIENCE_S
        for thread in self._threads:
            thread.join(timeout=max(0.0, patience - time.monotonic()))

    def _work_here(self) -> None:
        while item := self._take(here=True):
            try:
                result = item.context.run(item.call.run, item.index, item.value)
            except BaseException as error:  # noqa: BLE001 - of setup; the stage is told by the future
                item.future.set_exception(error)
            else:
                item.future.set_result(result)

    def _work_elsewhere(self, place: int) -> None:
        lives = LIVES
        while lives and self._needs(place):
            try:
                with self._enlisted() as actor:
                    answered(actor.ready.remote())  # waits for room
                    self._served_by(actor)
            except LOST_ACTOR:
                lives -= 1
            except BaseException as error:  # noqa: BLE001 - of the worker's own start; the stage is told by its items
                self._refuse_all(in_words(error, self._order.stage))
                return

    def _needs(self, place: int) -> bool:
        """Wait until there is work for so many more; False where the stage ends first."""
        if self._closed.wait(JOIN_AFTER_S):
            return False
        with self._changed:
            self._changed.wait_for(lambda: self._closed.is_set() or len(self._waiting) >= place)
        return not self._closed.is_set()

    @contextmanager
    def _enlisted(self) -> Iterator[Any]:
        """An actor, until it is dismissed or the crew is."""
        asked = options(self._order.resources)
        actor: Any = ray.remote(max_restarts=0, scheduling_strategy="SPREAD", **asked)(ItemWorker).remote(self._order)
        with self._changed:
            self._actors.add(actor)
            if self._closed.is_set():
                ray.kill(actor)
        try:
            yield actor
        finally:
            with self._changed:
                self._actors.discard(actor)
            ray.kill(actor)

    def _served_by(self, actor: Any) -> None:
        """Give the actor one item after the other. Raises one of LOST_ACTOR when it is gone, its item given back."""
        prepared: Call | None = None
        self._count_ready(1)
        try:
            while item := self._take(here=False):
                try:
                    prepared = self._answered(actor, item, prepared)
                except LOST_ACTOR as error:
                    self._give_back(item, error)
                    raise
                except BaseException as error:  # noqa: BLE001 - the stage is told by the future
                    prepared = None  # it may have failed at taking over another call
                    item.future.set_exception(error)
        finally:
            self._count_ready(-1)

    def _answered(self, actor: Any, item: Item, prepared: Call | None) -> Call:
        if item.call is not prepared:
            answered(actor.prepare.remote(item.call.packed()))
        answer: Answer = answered(actor.run.remote(item.index, packed(item.value, f"item {item.index} of ctx.map")))
        for line in answer.said:
            self._notebook.add(line)
        item.future.set_result(item.context.run(unpacked, answer.result))
        return item.call

    def _take(self, here: bool) -> Item | None:
        """The next item, when there is one; None when the stage ends."""
        with self._changed:
            while not self._closed.is_set():
                if item := self._next(here):
                    return item
                self._changed.wait()
        return None

    def _next(self, here: bool) -> Item | None:
        for item in list(self._waiting):
            if here and item.lost and self._ready:
                continue  # it may have been the end of its worker; were that this process, the stage would end too
            self._waiting.remove(item)
            if item.lost or item.future.set_running_or_notify_cancel():
                return item
        return None

    def _give_back(self, item: Item, error: BaseException) -> None:
        item.lost += 1
        if item.lost < LIVES:
            with self._changed:
                self._waiting.appendleft(item)
                self._changed.notify_all()
            return
        problem = f"{item.lost} workers were lost over it, the last one by {type(error).__name__}"
        item.future.set_result(FailedItem.of(item.index, WorkerLost(problem)))

    def _count_ready(self, change: int) -> None:
        with self._changed:
            self._ready += change
            self._changed.notify_all()

    def _refuse_all(self, error: BaseException) -> None:
        with self._changed:
            refused = [item for item in self._waiting if item.lost or item.future.set_running_or_notify_cancel()]
            self._waiting.clear()
        for item in refused:
            item.future.set_exception(error)


class RaySpread:
    """See Spread. The crew is there from the first `map` on."""

    def __init__(self, order: Order, notebook: Notebook) -> None:
        self._order, self._notebook = order, notebook
        self._crew: Crew | None = None
        self._lock = threading.Lock()

    def map(
        self, fn: Callable[..., Any], items: Iterable[Any], *, setup: Setup = None, in_flight: int | None = None
    ) -> Iterator[Any]:
        """See Spread; twice as many items as workers are in flight by default."""
        with self._lock:
            crew = self._crew = self._crew or Crew(self._order, self._notebook)
        call = Call(fn, setup)
        ahead = max(1, in_flight or 2 * crew.size)
        yield from in_order(lambda index, item: crew.submit(call, index, item), items, ahead)

    def close(self) -> None:
        """The stage has ended."""
        if self._crew:
            self._crew.close()
