"""Carrying out the items of a batch: so many at once, each whatever becomes of the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context

from flows.batch.item import Item, State
from stages.core.errors import JobStopped, StagewrightError

LOOK_S = 2.0
"""Seconds between two looks whether the batch is to stop."""

Work = Callable[[Item], State]
"""Runs an item's job, and says whether it is done or was kept. Raises what it raises."""


class Carrying:
    """The items that run now. `fatal` is the error that ended all, where there was one.

    stops     asked now and then: whether the batch is to stop
    cancel    tells the jobs that run to end
    is_fatal  whether after such an error of one item no other can be run
    """

    def __init__(
        self,
        work: Work,
        stops: Callable[[], bool],
        cancel: Callable[[], None],
        is_fatal: Callable[[BaseException], bool],
    ) -> None:
        self._work, self._stops, self._cancel, self._is_fatal = work, stops, cancel, is_fatal
        self.stopped = False
        self.fatal: BaseException | None = None
        self._looked = time.monotonic()

    def run(self, items: Iterable[Item], at_once: int) -> Iterator[Item]:
        """Each item as it begins, now and then one that still runs, and each when it has ended.

        What did not end since the batch was stopped is `waiting` again. When the one who iterates is interrupted, jobs
        that run are cancelled and waited for.
        """
        waiting, running = iter(items), dict[Future[State], Item]()
        with ThreadPoolExecutor(at_once, thread_name_prefix="batch") as threads:
            try:
                yield from self._begin(threads, waiting, running, at_once)
                while running:
                    done, _ = wait(running, timeout=LOOK_S, return_when=FIRST_COMPLETED)
                    for future in done:
                        item = running.pop(future)
                        self._end(item, future)
                        yield item
                    if not self.stopped and (self.fatal or self._is_to_stop()):
                        self._stop()
                    yield from self._begin(threads, waiting, running, at_once)
            except BaseException:
                self._stop()
                raise
            finally:
                for future, item in running.items():
                    self._end(item, future)

    def _begin(
        self, threads: ThreadPoolExecutor, waiting: Iterator[Item], running: dict[Future[State], Item], at_once: int
    ) -> Iterator[Item]:
        while not self.stopped and len(running) < at_once and (item := next(waiting, None)) is not None:
            item.state, item.error = "running", None
            running[threads.submit(copy_context().run, self._timed, item)] = item
            yield item

    def _timed(self, item: Item) -> State:
        started = time.monotonic()
        try:
            return self._work(item)
        finally:
            item.seconds = round(time.monotonic() - started, 3)

    def _is_to_stop(self) -> bool:
        if time.monotonic() - self._looked < LOOK_S:
            return False
        self._looked = time.monotonic()
        return self._stops()

    def _stop(self) -> None:
        self.stopped = True
        self._cancel()

    def _end(self, item: Item, future: Future[State]) -> None:
        """Say what became of it; waits until it has ended."""
        error = future.exception()
        if error is None:
            item.state = future.result()
            return
        if self.stopped and isinstance(error, JobStopped):
            item.state = "waiting"
            return
        item.state, item.error = "failed", _told(error)
        if not self.fatal and self._is_fatal(error):
            self.fatal = error
            item.state, item.error = "waiting", None


def _told(error: BaseException) -> str:
    return str(error) if isinstance(error, StagewrightError) else f"{type(error).__name__}: {error}"
