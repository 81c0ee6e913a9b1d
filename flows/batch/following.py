"""Who watches a batch that runs: the terminal, mostly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from flows.batch.item import Batch, Item

Listener = Callable[[Batch, Item | None], None]

_following: ContextVar[tuple[Listener, ...]] = ContextVar("following", default=())


@contextmanager
def following(listener: Listener) -> Iterator[None]:
    """Every batch that runs in this context tells `listener` when it begins and has ended, and of each item that begins
    and ends."""
    token = _following.set((*_following.get(), listener))
    try:
        yield
    finally:
        _following.reset(token)


def tell(batch: Batch, item: Item | None = None) -> None:
    """Tell all who watch."""
    for listener in _following.get():
        listener(batch, item)
