"""Threads of this process: each stage in the one that its task runs in, items on a pool that all stages share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import ClassVar

from flows.graph.plan import PlannedStage
from flows.places.place import Assignment, Surroundings
from flows.places.secrets import secrets_of
from stages.core.context import RuntimeContext
from stages.core.envelope import Envelope
from stages.core.errors import UsageError
from stages.core.execute import execute
from stages.core.spread import ThreadSpread


class Here:
    """This process. A stage notices that the job is to end when it tells of its progress."""

    keeps_time: ClassVar[bool] = False

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._spread = ThreadSpread(around.workers or os.cpu_count() or 1)

    def check(self, stages: Sequence[PlannedStage]) -> None:
        """Whatever a stage asks for, it gets what this machine has. Raises UsageError where that lacks a package."""
        if lack := [text for stage in stages if (text := _lack(stage))]:
            raise UsageError("\n".join(dict.fromkeys(lack)))

    def carry_out(self, work: Assignment) -> Envelope:
        """See Place."""
        around = self._around
        context = RuntimeContext(
            work.logger,
            {**around.env, **secrets_of(work.call.definition, around.env)},
            around.job_id,
            around.client,
            reporter=work.reporter,
            spread=self._spread,
            stopped=around.stopped,
        )
        return execute(work.call, work.reads, context, around.blobs)

    def stop(self) -> None:
        """Stages are told by the event that all share."""

    def close(self) -> None:
        """See Place."""
        self._spread.close()


def _lack(stage: PlannedStage) -> str | None:
    """What is to be said of packages that the stage's plugin requires and this process does not have."""
    if "." not in stage.definition.name:
        return None  # of no plugin
    from stages.plugins.config_file import load_config
    from stages.plugins.needs import REQUIREMENTS, lacking, wheels_of, words_of

    words = words_of(stage.definition)
    missing = lacking(words.folder) if words else []
    if words is None or not missing:
        return None
    wheels = wheels_of(load_config(words.folder), words.folder)
    options = f"--find-links {wheels[0].parent} " if wheels else ""
    named = options + " ".join(f"'{line}'" for line in missing)
    return (
        f"Plugin {words.stage.rpartition('.')[0]!r} requires {', '.join(missing)} ({words.folder / REQUIREMENTS}), "
        f"which this Python does not have, and on threads nothing is installed: pip install {named}, or let Ray "
        "install it (--runner ray)."
    )
