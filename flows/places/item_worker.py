"""The actor that deals with items of one stage: it keeps what `setup` made for as long as its stage lasts."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ray import cloudpickle

from flows.places.news import LogLine
from flows.places.order import Order
from stages.core.blobs import using
from stages.core.context import ITEM_LOGGER
from stages.core.errors import ContractError
from stages.core.spread import FailedItem, attempt, inside


@dataclass(frozen=True)
class Answer:
    """A result, pickled; and what was logged on the way."""

    result: bytes = b""
    said: list[LogLine] = field(default_factory=list)


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[LogLine] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(LogLine(record.levelno, self.format(record)))


class ItemWorker:
    """Deals with items in a process of its own. (An actor by `ray.remote(ItemWorker)`: one that is decorated would be
    sent by value, with all that its module holds.)"""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._fn: Callable[..., Any] | None = None
        self._prepared: tuple[Any, ...] = ()
        self._listener = _Listener()
        logger = logging.getLogger(ITEM_LOGGER)
        logger.setLevel(logging.DEBUG)
        logger.addHandler(self._listener)
        logger.propagate = False

    def ready(self) -> None:
        """Answers when there is room and the process has started. Raises UsageError for code that is missing here, or
        is other code: not where the actor is made, which Ray would tell as if the process were lost."""
        self._blobs = self._order.baggage.unpack()
        self._order.opened()

    def prepare(self, call: bytes) -> None:
        """Take over another call of `map`: its function, and what its setup makes here."""
        self._fn, self._prepared = None, ()  # before the next model is loaded
        with using(self._blobs):
            fn, setup = pickle.loads(call)  # noqa: S301 - from the stage's own process, by way of Ray
            self._prepared = (setup(),) if setup else ()
            self._fn = fn

    def run(self, index: int, item: bytes) -> Answer:
        """Deal with one item."""
        assert self._fn is not None
        inside.set(True)
        with using(self._blobs):
            value = pickle.loads(item)  # noqa: S301 - likewise
            result = attempt(self._fn, self._prepared, index, value)
        said, self._listener.said = self._listener.said, []
        return Answer(_packed_result(result, index), said)


def packed(value: Any, what: str) -> bytes:
    """The value on its way between a stage and its workers. Raises ContractError that says `what` cannot travel."""
    try:
        return bytes(cloudpickle.dumps(value))
    except Exception as error:
        raise ContractError(
            f"{what} cannot go to another process ({type(error).__name__}: {error}). Give ctx.map functions of a "
            "module and plain values; open files and load models in `setup`."
        ) from error


def unpacked(data: bytes) -> Any:
    """What was packed; to be called where the blob store is current."""
    return pickle.loads(data)  # noqa: S301 - made by `packed` in a process of the same stage


def _packed_result(result: Any, index: int) -> bytes:
    if not isinstance(result, FailedItem):
        return packed(result, f"what ctx.map's function gave for item {index}")
    try:
        return packed(unpacked(packed(result, "")), "")
    except Exception:  # noqa: BLE001 - an error that does not survive the journey would hide itself
        return packed(FailedItem(result.index, result.kind, result.message), "a failed item")
