"""`status`: a real request to every service, and what came of it."""

from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from deployments.local.home import Home
from deployments.local.lifecycle import local_services
from deployments.local.process import find
from deployments.local.records import read_record
from deployments.local.service import Service
from flows.connections import outside_store
from flows.places.names import NAMES
from flows.settings import Settings
from flows.settings import without_password as without_password  # for `up` too
from stages.core.errors import StagewrightError
from stages.core.objects import ObjectStore
from stages.core.store_address import StoreAddress

T = TypeVar("T")

State = Literal["running", "stopped", "outside", "unreachable"]

PATIENCE = 10  # seconds for a service that settings name


@dataclass(frozen=True)
class ServiceStatus:
    """How a service is found. `outside`: named by settings, and it answers. `unreachable`: it should answer and does
    not; `detail` says why. `address` holds no secret and is empty where a local service has none yet."""

    name: str
    state: State
    address: str
    pid: int | None
    detail: str


def status(settings: Settings) -> list[ServiceStatus]:
    """The object store, the Prefect server, Ray, the worker and, where STAGEWRIGHT_RUNNER names one by HOST:PORT, the
    Ray cluster, in this order. Starts nothing, and raises for nothing that is out of reach."""
    local = {service.name: _local(settings, service) for service in local_services(settings)}
    store, api_url = outside_store(settings), settings.prefect_api_url
    if store is not None:
        local["store"] = _outside_store(store)
    if "prefect" not in local and api_url is not None:
        local["prefect"] = _outside_server(api_url)
    cluster = [] if settings.runner in NAMES else [_cluster(settings.runner)]
    return [local["store"], local["prefect"], local["ray"], local["worker"], *cluster]


def _local(settings: Settings, service: Service) -> ServiceStatus:
    record, log = read_record(settings, service.name), Home(settings.home).log(service.name)
    if record is None:
        return ServiceStatus(service.name, "stopped", "", None, _never(service))
    process = find(record.process)
    address = service.place(record.port)
    if process is None:
        killed = " (it ended by itself or was killed)" if record.process else ""
        return ServiceStatus(service.name, "stopped", address, None, f"start it with {service.started_by}{killed}")
    fault = service.fault(record.port) if record.address else "it is still starting, or its start was broken off"
    if fault is None:
        return ServiceStatus(service.name, "running", address, process.pid, f"log: {log}")
    return ServiceStatus(service.name, "unreachable", address, process.pid, f"{fault}; log: {log}")


def _never(service: Service) -> str:
    """That a service was never started; of one that few need, also what would."""
    needed = service.name not in ("ray", "worker")
    return "never started in this home" + ("" if needed else f"; {service.started_by} starts it")


def _outside_store(address: StoreAddress) -> ServiceStatus:
    # retries and timeouts of a store that is away add up to most of a minute
    late: str | None = f"no answer within {PATIENCE} s"
    fault = within_patience(lambda: _store_fault(address), late)
    where = f"{address.url} at {without_password(address.endpoint or 'AWS')}"
    return ServiceStatus("store", *_outside(where, fault, "STAGEWRIGHT_S3_BUCKET"))


def within_patience(ask: Callable[[], T], late: T) -> T:
    """What `ask` says, aside; `late` where it says nothing in time."""
    answers: list[T] = []
    asking = threading.Thread(target=lambda: answers.append(ask()), daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return answers[0] if answers else late


def _store_fault(address: StoreAddress) -> str | None:
    try:
        ObjectStore(address).check()
    except (StagewrightError, ValueError, OSError) as error:  # ValueError: an endpoint that is no URL
        return str(error)
    return None


def _outside_server(api_url: str) -> ServiceStatus:
    return ServiceStatus("prefect", *_outside(without_password(api_url), _server_fault(api_url), "PREFECT_API_URL"))


def _server_fault(api_url: str) -> str | None:
    if not api_url.startswith(("http://", "https://")):
        return "not an http:// or https:// address"
    try:  # by way of the proxy that the environment names, as Prefect's own client does
        urllib.request.build_opener().open(without_password(api_url).rstrip("/") + "/health", timeout=PATIENCE).close()
    except urllib.error.HTTPError as error:
        return None if error.code in (401, 403) else f"it answers HTTP {error.code}"  # it is there, and wants a key
    except (OSError, HTTPException, ValueError) as error:
        return f"no answer ({error})"
    return None


def _cluster(address: str) -> ServiceStatus:
    # a name that no server of names answers for takes longer than a connection
    late: str | None = f"no answer within {PATIENCE} s"
    fault = within_patience(lambda: _port_fault(address), late)
    return ServiceStatus("cluster", *_outside(address, fault, "STAGEWRIGHT_RUNNER"))


def _port_fault(address: str) -> str | None:
    """Only whether somebody listens: Ray's own question takes Ray, which takes seconds to import."""
    try:
        parts = urlsplit(f"//{address}")
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PATIENCE / 2).close()
    except (OSError, ValueError) as error:  # ValueError: a port that there cannot be
        return f"no answer ({error})"
    return None


def _outside(where: str, fault: str | None, variable: str) -> tuple[State, str, None, str]:
    named = f"named by {variable}"
    return ("outside", where, None, named) if fault is None else ("unreachable", where, None, f"{named}; {fault}")
