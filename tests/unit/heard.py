"""What a stage that asked for autolog was told, and something to fit."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import numpy as np

from stages import RuntimeContext
from stages.plugins.autolog import autolog
from tests.unit.harness import make_context
from tests.unit.listener import Listener

X = np.random.default_rng(0).normal(size=(60, 4))
Y = (X[:, 0] > 0).astype(int)


class Heard:
    """A stage's context, and what it was told."""

    def __init__(self, ctx: RuntimeContext, listener: Listener) -> None:
        self.ctx, self._listener = ctx, listener

    @property
    def fits(self) -> list[dict[str, Any]]:
        return [entry[2] for entry in self._listener.heard if entry[:2] == ("event", "fit")]

    @property
    def estimators(self) -> list[str]:
        return [fit["estimator"] for fit in self.fits]

    @property
    def metrics(self) -> dict[str, dict[str, Any]]:
        return self.ctx.gathered_metrics


def make_heard(**options: Any) -> Heard:
    listener = Listener()
    return Heard(make_context(listener, **options), listener)


def in_stage(work: Callable[[], Any], heard: Heard, framework: str = "sklearn") -> Any:
    """Do the work as a stage that asked for autolog, in a context of its own."""

    def stage() -> Any:
        autolog(framework, heard.ctx)
        return work()

    return copy_context().run(stage)
