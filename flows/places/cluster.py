"""What is asked of Ray in more than one place."""

from __future__ import annotations

from typing import Any

import ray

from flows.places.room import Node

LOST_ACTOR = (ray.exceptions.RayActorError, ray.exceptions.OutOfMemoryError, ray.exceptions.NodeDiedError)
"""What a call of an actor raises that is gone."""

LOST_TASK = (
    ray.exceptions.WorkerCrashedError,
    ray.exceptions.NodeDiedError,
    ray.exceptions.OutOfMemoryError,
    ray.exceptions.LocalRayletDiedError,
    ray.exceptions.ObjectLostError,
    ray.exceptions.RaySystemError,
    ray.exceptions.TaskCancelledError,
)
"""What a task raises whose process is gone."""


def nodes() -> list[Node]:
    """The nodes that the cluster has or had; one request of a millisecond."""
    found: list[Node] = ray.nodes()
    return found


def answered(ref: Any) -> Any:
    """What a call gave, or what it raised: the error itself, not Ray's wrapping of it."""
    try:
        return ray.get(ref)
    except ray.exceptions.RayTaskError as error:
        raise (error.cause if isinstance(error.cause, Exception) else error) from None
