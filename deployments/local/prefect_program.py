"""Run as a program, by `prefect_server`: `prefect server start`, with garbage collected in a thread of its own.

A statement that SQLite refuses ("database is locked") leaves its cursor in the error's traceback, until the garbage
collector finds it (SQLAlchemy's `dialects/sqlite/aiosqlite.py` closes cursors that did well only). To free it, Python
takes the lock of its connection. By default whatever thread makes garbage collects it, mostly that of the event loop.
Where the connection is in use again by then, and waits for another one to commit, the event loop waits for it, and the
other one waits for the event loop: nothing is answered until SQLite gives up after its 60 seconds, which Prefect sets
and no setting changes. In a thread of its own, the collector waits alone, and for milliseconds.
"""

from __future__ import annotations

import gc
import threading
import time

EVERY_S = 0.5
"""Seconds between two looks. So whole collections, which take some 0.3 s, are a minute apart at least."""


def collect_apart() -> None:
    """From now on, one thread of this process collects, and no other does."""
    gc.disable()
    threading.Thread(target=_collect_forever, name="garbage", daemon=True).start()


def due() -> int | None:
    """The oldest generation that Python itself would collect by now, by its count of objects; None for none."""
    reached = [count > limit > 0 for count, limit in zip(gc.get_count(), gc.get_threshold(), strict=True)]
    return max((generation for generation, is_due in enumerate(reached) if is_due), default=None)


def _collect_forever() -> None:
    while True:
        time.sleep(EVERY_S)
        if (generation := due()) is not None:
            gc.collect(generation)


if __name__ == "__main__":
    collect_apart()
    from prefect.cli import app

    app()
