"""The clients that a stage may ask its context for. Imported and connected when a stage asks, and not before."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

from flows.connections import known_server
from flows.settings import is_loopback, read_settings
from stages.core.errors import ServiceUnreachable


def server_client(until: ExitStack) -> Any:
    """A client of the Prefect server that this process's environment names; None where it names none. It is open
    already, so that a stage may use it in a `with` or not, and closed with `until`."""
    from prefect.context import refresh_global_settings_context
    from prefect.settings import get_current_settings

    refresh_global_settings_context()  # this process may have served another job before, and its server
    url = get_current_settings().api.url
    return _opened(url, until) if url else None


def known_server_client(until: ExitStack) -> Any:
    """The same, also of a server that was started on this machine, which the environment need not name. Nothing of
    this process changes by it."""
    url = known_server(read_settings())
    return _opened(url, until) if url else server_client(until)


def _opened(url: str, until: ExitStack) -> Any:
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    how = {"trust_env": not is_loopback(urlsplit(url).hostname)}  # a proxy that is named is for what is outside
    with temporary_settings({PREFECT_API_URL: url}):
        return until.enter_context(get_client(how, sync_client=True))


def job_client() -> Any:
    """A client of the job server of the Ray cluster that this process belongs to; None where it was started without.

    Raises ServiceUnreachable for one that does not answer: by default it listens on the head's loopback only.
    """
    address = _job_server()
    if address is None:
        return None
    from ray.job_submission import JobSubmissionClient

    try:
        return JobSubmissionClient(f"http://{address}")
    except ConnectionError as error:
        raise ServiceUnreachable(
            f"The job server of the Ray cluster at {address} does not answer this machine: {error} Start the head with "
            "--dashboard-host=0.0.0.0, or an address that all nodes reach.",
            uri=address,
        ) from error


def _job_server() -> str | None:
    """HOST:PORT of Ray's dashboard, which is its job server, as the cluster knows it: port 0 where there is none.

    `ray._private.worker.get_dashboard_url` tells the truth in a driver only; in a worker it says :8265 of any cluster.
    """
    from ray._private import ray_constants
    from ray.experimental.internal_kv import _internal_kv_get, _internal_kv_initialized

    if not _internal_kv_initialized():
        return None
    told = _internal_kv_get(ray_constants.DASHBOARD_ADDRESS, namespace=ray_constants.KV_NAMESPACE_DASHBOARD)
    address = (told or b"").decode()
    return address if address and not address.endswith(":0") else None
