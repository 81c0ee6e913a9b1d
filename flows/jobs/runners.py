"""Prefect's task runners by name, and the place where each has the stages of a job carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from prefect.context import FlowRunContext
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.places.here import Here
from flows.places.names import check_runner
from flows.places.place import Place, Surroundings
from stages.core.errors import UsageError


def task_runner(name: str) -> TaskRunner[Any]:
    """The Prefect task runner of that name. Raises UsageError."""
    check_runner(name)
    if name == "threads":
        return ThreadPoolTaskRunner()
    try:
        from flows.places.ray_runner import StageRayTaskRunner
    except ModuleNotFoundError as error:
        if error.name not in ("ray", "prefect_ray"):
            raise
        missing = f"The runner {name!r} needs the package {error.name!r}: pip install 'stagewright[ray]'."
        raise UsageError(missing, runner=name) from None
    return StageRayTaskRunner(name)


def place_for(around: Surroundings) -> Place:
    """Where the runner of the current flow run has stages carried out. Here they have the run's own client: it is
    open as long as the run is, and calls of several threads at once are nothing new to it."""
    context = FlowRunContext.get()
    place: Callable[[Surroundings], Place] = getattr(context and context.task_runner, "place", Here)
    return place(replace(around, client=context.client if context else None))
