"""Who is to be told of what a library does: known by the context in which it does it, not by the process.

A library is changed once for a process, whose threads run many stages. What it then tells goes to the stage in whose
context (`contextvars`) it runs. That ends with the context; a RuntimeContext that is gone is not told either.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from weakref import ReferenceType, ref

from stages.core.context import RuntimeContext
from stages.core.spread import inside

_Listeners = Mapping[str, ReferenceType[RuntimeContext]]
_listeners: ContextVar[_Listeners] = ContextVar("autolog_listeners", default=MappingProxyType({}))


def listen(package: str, ctx: RuntimeContext) -> None:
    """From now on, `ctx` is told what the package does in this context."""
    _listeners.set({**_listeners.get(), package: ref(ctx)})


def listener(package: str) -> RuntimeContext | None:
    """Who is to be told here. Nobody in an item of `ctx.map`: it is for the runner to say where that runs."""
    found = None if inside.get() else _listeners.get().get(package)
    return None if found is None else found()
