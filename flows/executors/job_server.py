"""The job server of a Ray cluster: where it is, and what it says when it says no."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flows.connections import local_ray
from flows.settings import read_settings
from stages.core.errors import ServiceUnreachable, UsageError

_CHATTY = (  # about each upload, and each log that was closed
    "ray.dashboard.modules.dashboard_sdk",
    "ray.dashboard.modules.job.sdk",
    "ray._private.runtime_env.packaging",
)

VARIABLE = "RAY_API_SERVER_ADDRESS"  # Ray's own


def dashboard_of(url: str | None) -> str:
    """The address that is meant. Raises UsageError where none is named and no Ray with a job server runs here."""
    found = url or os.environ.get(VARIABLE) or _local()
    if found is None:
        raise UsageError(
            "No job server of a Ray cluster is known: give dashboard_url, set RAY_API_SERVER_ADDRESS, or start Ray on "
            "this machine with `stagewright up --ray`."
        )
    if not found.startswith(("http://", "https://")):
        raise UsageError(f"{found!r} is no address of a job server; expected one like http://127.0.0.1:8265.")
    return found.rstrip("/")


def connected(url: str) -> Any:
    """A client of it. Raises ServiceUnreachable where it does not answer, UsageError where Ray is not installed."""
    try:
        from ray.job_submission import JobSubmissionClient
    except ModuleNotFoundError as error:
        raise UsageError("Ray jobs need the package 'ray': pip install 'stagewright[ray]'.") from error
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    with of_the_server(url):
        return JobSubmissionClient(url)


def known_job_client() -> Any:
    """A client of the server that RAY_API_SERVER_ADDRESS names, else of this machine's; None where there is none.

    Raises UsageError, ServiceUnreachable.
    """
    return connected(dashboard_of(None)) if os.environ.get(VARIABLE) or _local() else None


def _local() -> str | None:
    """The address of this machine's, and from then on what it takes to be let in."""
    local = local_ray(read_settings())
    if local is None or local.dashboard is None:
        return None
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(local.token_file)}
    return local.dashboard


@contextmanager
def of_the_server(url: str, job_id: str = "") -> Iterator[None]:
    """What the server or the way to it does not let through, in our errors."""
    try:
        yield
    except (ConnectionError, OSError) as error:
        raise ServiceUnreachable(f"The job server at {url} does not answer: {error}", uri=url) from error
    except RuntimeError as error:
        told = str(error)
        if job_id and ("404" in told or "does not exist" in told):
            raise UsageError(f"The job server at {url} knows no job {job_id!r}.", job_id=job_id) from None
        raise ServiceUnreachable(f"The job server at {url} refused: {told.strip()[:500]}", uri=url) from error
