"""Prefect's task runners by name, and the place where each has the stages of a job carried out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from prefect.context import FlowRunContext
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.places.here import Here
from flows.places.place import Place, Surroundings
from stages.core.errors import UsageError
from stages.core.suggest import did_you_mean

NAMES = ("threads", "ray", "auto")
_ADDRESS = re.compile(r"(ray://)?\[?[\w.:-]+\]?:\d+")


def check_runner(name: str) -> None:
    """Raise UsageError for what names no runner."""
    if name not in NAMES and not _ADDRESS.fullmatch(name):
        raise UsageError(
            f"There is no runner {name!r}{did_you_mean(name, NAMES)} It is `threads`, `ray` (a Ray on this machine), "
            "`auto` (the cluster that this machine has joined), or the address of a cluster's head, HOST:PORT.",
            runner=name,
        )


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
    """Where the runner of the current flow run has stages carried out."""
    context = FlowRunContext.get()
    place: Callable[[Surroundings], Place] = getattr(context and context.task_runner, "place", Here)
    return place(around)
