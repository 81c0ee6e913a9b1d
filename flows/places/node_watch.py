"""Looking at the cluster while something that was given to it waits for room, or runs on one of its nodes.

Ray itself says nothing of what no node can ever run, and of a node that fell silent only after minutes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from flows.places.cluster import nodes
from flows.places.room import Node, alive, fits
from stages.core.definition import Resources
from stages.core.errors import UsageError, WorkerLost

QUEUE_S = 60.0
"""Seconds for which is waited for a node that could ever run it, where there was one in the beginning."""

Refusal = Callable[[Sequence[Node]], UsageError]
"""What is said where no node has what is asked, given the nodes that there are."""


class NodeWatch:
    """For one attempt. `asked`: what it asks of a node; `waits` is called once, where it has to wait."""

    def __init__(self, asked: Resources, refusal: Refusal, waits: Callable[[], None]) -> None:
        self._asked, self._refusal, self._tell = asked, refusal, waits
        self._no_room_since: float | None = None
        self.waits = False

    def look(self, node: str | None) -> None:
        """See Attempt. Raises WorkerLost where the node is gone, the refusal where no node could run it any more."""
        there = nodes()
        if node is None:
            self._wait(there)
        elif node not in {other["NodeID"] for other in alive(there)}:
            raise WorkerLost("its node is gone")

    def _wait(self, there: Sequence[Node]) -> None:
        if not self.waits:
            self.waits = True
            self._tell()
        if fits(self._asked, there):
            self._no_room_since = None
        elif self._no_room_since is None:
            self._no_room_since = time.monotonic()
        elif time.monotonic() - self._no_room_since > QUEUE_S:
            raise self._refusal(there)
