"""How a Ray job of an executor is stopped: by SIGTERM, and by SIGKILL some time later."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

PATIENCE = {"RAY_JOB_STOP_WAIT_TIME_S": "30"}
"""The seconds between the two, by the variable that Ray reads it from. What an action has done outside is undone in
them; Ray's own 3 are few for that."""


class StopSignal:
    """Within it, SIGTERM ends whatever the main thread does by SystemExit, once, so that it is undone; after it, none
    is heard: what is left to do is to tell the end. `heard` says whether one came."""

    heard = False

    def __enter__(self) -> StopSignal:
        signal.signal(signal.SIGTERM, self._hear)
        return self

    def __exit__(self, *exc: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def _hear(self, number: int, frame: FrameType | None) -> Any:
        if self.heard:  # what is undone now must not be ended
            return
        self.heard = True
        raise SystemExit(128 + number)
