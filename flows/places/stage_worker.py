"""What Ray runs for one stage: the stage itself, in a thread, and what it says meanwhile, passed on as it comes.

A generator: what it gives goes to the process that started the run, one thing after the other. First `Started`, then
batches of news, at last `Done` or `Raised`. A generator that ends before that has lost its process.
"""

from __future__ import annotations

import logging
import os
import pickle
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial

import ray

from flows.places.clients import job_client, server_client
from flows.places.crew import RaySpread
from flows.places.news import News, Notebook
from flows.places.order import Order
from stages.core.context import Deferred, RuntimeContext
from stages.core.envelope import Envelope
from stages.core.errors import StageFailed, StagewrightError
from stages.core.execute import execute


@dataclass(frozen=True)
class Started:
    """The stage has got its room: a process, on a node."""

    pid: int
    node_id: str
    host: str


@dataclass(frozen=True)
class Done:
    """The envelope's bytes. It is stored by whoever hears this, so that no lost attempt ever stores one."""

    envelope: bytes


@dataclass(frozen=True)
class Raised:
    """The stage's error, pickled, and where it was raised."""

    error: bytes
    traceback: str


Told = Started | list[News] | Done | Raised


Work = Callable[[Notebook], Envelope]


def work_on(order: Order) -> Iterator[Told]:
    """Run the stage."""
    yield from carried_out(order.stage, partial(_envelope, order))  # Ray streams from generator functions only


def carried_out(stage: str, work: Work) -> Iterator[Told]:
    """Do the work, and tell of it."""
    host = ray.util.get_node_ip_address()
    yield Started(os.getpid(), ray.get_runtime_context().get_node_id(), host)
    notebook, ends = Notebook(), list[Done | Raised]()
    thread = threading.Thread(target=lambda: ends.append(_ended(stage, work, notebook)), name=stage, daemon=True)
    thread.start()
    yield from notebook.read()
    thread.join()
    yield ends[0]


def _ended(stage: str, work: Work, notebook: Notebook) -> Done | Raised:
    try:
        return Done(work(notebook).to_bytes())
    except BaseException as error:  # noqa: BLE001 - whatever it is, the job is told of it
        return _raised(stage, error)
    finally:
        notebook.end()


def _envelope(order: Order, notebook: Notebook) -> Envelope:
    blobs = order.baggage.unpack()
    call, reads = order.opened()
    logger = logging.Logger(f"stagewright.{order.stage}", logging.DEBUG)
    logger.addHandler(notebook)
    with ExitStack() as until, closing(RaySpread(order, notebook)) as spread:
        context = RuntimeContext(
            logger,
            dict(os.environ),
            order.job_id,
            Deferred(partial(server_client, until)),
            Deferred(job_client),
            reporter=notebook,
            spread=spread,
        )
        return execute(call, reads, context, blobs)


def _raised(stage: str, error: BaseException) -> Raised:
    told = "".join(traceback.format_exception(error))
    if not isinstance(error, StagewrightError) or not _survives(error):
        error = StageFailed(f"Stage {stage!r} failed: {type(error).__name__}: {error}", stage=stage)
    return Raised(pickle.dumps(error), told)


def _survives(error: StagewrightError) -> bool:
    """Whether it can be pickled and read again; one that cannot would hide itself on the way."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - made here
    except Exception:  # noqa: BLE001 - whatever its own parts raise
        return False
    return True
