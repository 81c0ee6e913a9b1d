"""One attempt to run a stage on Ray, as the process that started the run sees it.

Ray tells when a process ends; that a node fell silent it tells after minutes, so nodes are looked at meanwhile.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import ray

from flows.places.cluster import LOST_TASK
from flows.places.stage_worker import Done, Raised, Started, Told
from stages.core.errors import StagewrightError, WorkerLost

LOOK_S = 2.0
"""Seconds between two looks at the cluster."""

LISTEN_S = 0.5
"""Seconds for which Ray is asked at a time. Of a node that fell silent it never tells, and a thread that still waits in
it when the connection is closed brings the whole process down."""

PATIENCE_S = 5.0
"""Seconds for what was ended to be gone; on a node that fell silent nobody hears that it is to end."""

Hear = Callable[[Told], None]


class Attempt:
    """A stage on its way. `make` submits it to Ray and gives the generator of what it tells."""

    def __init__(self, make: Callable[[], Any], hear: Hear, look: Callable[[str | None], None]) -> None:
        """`hear` is given all that the stage tells. `look` is called every LOOK_S with the stage's node, None while it
        waits for room, and raises what there is to raise."""
        self._told: queue.SimpleQueue[Told | BaseException] = queue.SimpleQueue()
        self._hear, self._look = hear, look
        self._over = threading.Event()
        self._given_up: float | None = None
        self._from_ray = make()
        self._listener = threading.Thread(target=self._listen, name="ray", daemon=True)
        self._listener.start()

    def result(self, timeout: float | None) -> Done | Raised:
        """Wait for the end. Raises WorkerLost; TimeoutError where it ran longer than `timeout` seconds (waiting for
        room does not count); what `look` raises. Whatever is raised, the stage does not go on."""
        node, ends = None, None
        try:
            while True:
                told = self._next(ends)
                if isinstance(told, Done | Raised):
                    return told
                if isinstance(told, Started):
                    node, ends = told.node_id, time.monotonic() + timeout if timeout else None
                if told is None:
                    self._look(node)
                else:
                    self._hear(told)
                if ends and time.monotonic() > ends:
                    raise TimeoutError(f"it ran longer than its timeout of {timeout:g} s and was ended")
                if self._given_up and time.monotonic() > self._given_up:
                    raise WorkerLost("it was ended, and its node did not answer")
        except BaseException:
            self.kill()
            raise
        finally:
            self._over.set()
            self._listener.join()

    def kill(self) -> None:
        """End it: its process at once, whatever that does, and with it the actors that deal with its items."""
        self._given_up = self._given_up or time.monotonic() + PATIENCE_S
        with contextlib.suppress(Exception):
            ray.cancel(self._from_ray, force=True)

    def _next(self, ends: float | None) -> Told | None:
        """What is told next; None where nothing was within LOOK_S, or until the stage's time is over."""
        patience = LOOK_S if ends is None else max(0.0, min(LOOK_S, ends - time.monotonic() + 0.01))
        try:
            told = self._told.get(timeout=patience)
        except queue.Empty:
            return None
        if isinstance(told, BaseException):
            raise told
        return told

    def _listen(self) -> None:
        try:
            while not self._over.is_set():
                if (told := self._heard()) is not None:
                    self._told.put(told)
        except StopIteration:
            self._told.put(WorkerLost("its process ended before it had told how the stage ended"))
        except LOST_TASK as error:
            self._told.put(WorkerLost(_why(error)))
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            self._told.put(_own(error))

    def _heard(self) -> Told | None:
        """What Ray tells next, None where it tells nothing yet. Raises StopIteration at the end."""
        ref = self._from_ray._next_sync(LISTEN_S)
        while not (ref.is_nil() or self._over.is_set()):
            with contextlib.suppress(ray.exceptions.GetTimeoutError):  # what is long lies on the stage's node
                told: Told = ray.get(ref, timeout=LISTEN_S)
                return told
        return None


def _why(error: Exception) -> str:
    """The first line of what Ray says, which goes on for a page."""
    if isinstance(error, ray.exceptions.OutOfMemoryError):
        return "its node ran out of memory, and Ray ended its process"
    if isinstance(error, ray.exceptions.NodeDiedError):
        return "its node is gone"
    if isinstance(error, ray.exceptions.WorkerCrashedError):
        return "its process was killed, or crashed"
    first = (str(error).strip().splitlines() or [""])[0]
    return f"its process is gone ({type(error).__name__}: {first[:200]})"


def _own(error: BaseException) -> BaseException:
    """An error outside of any stage: the worker could not even load us."""
    if isinstance(error, ray.exceptions.RayTaskError):
        last = (str(error).strip().splitlines() or ["?"])[-1]
        return StagewrightError(
            f"A Ray worker could not take the work: {last}. Install the same version of Stagewright on every node."
        )
    return error
