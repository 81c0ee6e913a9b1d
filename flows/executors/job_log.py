"""A Ray job's log, followed while it grows."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from typing import Any

_END = object()


class JobLog:
    """The log of one job, by a JobSubmissionClient."""

    def __init__(self, client: Any, job_id: str) -> None:
        self._client, self._job_id = client, job_id
        self._told: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._taken = 0

    def lines(self) -> Iterator[str]:
        """Line by line from the first, until the job ends."""
        self._follow()
        while (line := self._told.get()) is not _END:
            yield line

    @contextmanager
    def followed(self) -> Iterator[Callable[[float], list[str]]]:
        """Follow it in a thread: what is given takes the lines that came, and waits so many seconds for the first."""
        self._follow()
        yield self._taken_within

    def rest(self) -> list[str]:
        """What followed when the job has ended: the whole log is asked for, and what was taken of it left out."""
        # Only at "\n", as what is followed: of other ends of lines both must count as many.
        lines = [line.rstrip("\r\n") for line in StringIO(self._client.get_job_logs(self._job_id))]
        return lines[self._taken :]

    def _taken_within(self, seconds: float) -> list[str]:
        taken: list[str] = []
        with suppress(queue.Empty):
            line = self._told.get(timeout=seconds)
            while line is not _END:
                taken.append(line)
                line = self._told.get_nowait()
        self._taken += len(taken)
        return taken

    def _follow(self) -> None:
        threading.Thread(target=lambda: asyncio.run(self._read()), name="ray-job-log", daemon=True).start()

    async def _read(self) -> None:
        begun = ""
        try:
            async for chunk in self._client.tail_job_logs(self._job_id):
                *whole, begun = (begun + chunk).split("\n")
                for line in whole:
                    self._told.put(line.removesuffix("\r"))
        except Exception:  # noqa: BLE001 - the connection may be cut; `rest` asks for what is missing then
            return
        finally:
            if begun:
                self._told.put(begun)
            self._told.put(_END)
