"""Where stages run: threads of this process, or (soon) a Ray cluster."""

from __future__ import annotations

from typing import Any

from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from stages.core.errors import UsageError


def task_runner(name: str) -> TaskRunner[Any]:
    """The Prefect task runner of that name. Raises UsageError."""
    if name == "threads":
        return ThreadPoolTaskRunner()
    raise UsageError(f"There is no runner {name!r} in this version; there is: threads.", runner=name)
