"""Connecting to a Ray cluster, and refusing one on which nothing could work, saying why."""

from __future__ import annotations

import gc
import json
import logging
import os
import platform
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import ray
from ray._private import ray_constants
from ray._private.services import get_ray_address_from_environment

from flows.connections import local_ray
from flows.places.cluster import nodes
from flows.places.names import AUTO, RAY
from flows.places.ray_prints import show_prints
from flows.places.reach import refuse_loopback
from flows.places.room import alive
from flows.settings import Settings, is_loopback
from stages.core.errors import ServiceUnreachable, UsageError

PATIENCE_S = 5.0

_MISMATCH = re.compile(r"Ray: (?P<ray>\S+).*?Python: (?P<python>\S+)", re.DOTALL)


@dataclass(frozen=True)
class Cluster:
    """A cluster that this process is connected to. `elsewhere`: some of its nodes are other machines."""

    address: str
    elsewhere: bool


def connect(runner: str, settings: Settings, api_url: str | None, **init: Any) -> Cluster:
    """Connect this process for a run, unless it is connected; `init` goes to `ray.init`. Raises UsageError and
    ServiceUnreachable with what to do."""
    if not api_url:
        raise UsageError(
            "PREFECT_API_URL is not set: without a server of its own, a run on Ray would be seen by nobody. Set it, or "
            "start with `stagewright run`, which starts a server on this machine."
        )
    return join(runner, settings, lambda cluster: refuse_loopback(cluster.address, settings, api_url), **init)


def join(
    runner: str, settings: Settings, check: Callable[[Cluster], None] = lambda cluster: None, **init: Any
) -> Cluster:
    """Connect this process, unless it is connected; a cluster with other machines is let go if `check` raises."""
    address = _address(runner, settings)
    if ray.is_initialized():
        _same(address)
        return _checked(address, check)
    try:
        _init(address, init)
        return _checked(address, check)
    except BaseException:  # else `ray.nodes()` tells whoever connects next of the nodes of this cluster
        disconnect()
        raise


def disconnect() -> None:
    """Leave the cluster that this process is connected to, if it is. No garbage is collected meanwhile: a stream of
    results that another thread's collector frees in that instant asks a core that is gone, and Ray ends the process."""
    collects = gc.isenabled()
    gc.disable()
    try:
        ray.shutdown()
    finally:
        if collects:
            gc.enable()


def _checked(address: str, check: Callable[[Cluster], None]) -> Cluster:
    cluster = Cluster(address, is_elsewhere())
    if cluster.elsewhere:
        check(cluster)
    return cluster


def _same(address: str) -> None:
    connected = ray.get_runtime_context().gcs_address
    if not _are_one(connected, address):
        raise UsageError(
            f"This process is connected to the Ray cluster at {connected}, and was to run on that at {address}. "
            "Name the same one, or leave the other first (`ray.shutdown()`)."
        )


def _are_one(first: str, second: str) -> bool:
    """Whether two addresses can be of one cluster: a host has names, and this machine has an outer address too."""
    hosts, ports = zip(*(address.rpartition(":")[::2] for address in (first, second)), strict=True)
    if ports[0] != ports[1]:
        return False
    try:
        return any(map(is_loopback, hosts)) or len({socket.gethostbyname(host.strip("[]")) for host in hosts}) == 1
    except OSError:
        return False


def _address(runner: str, settings: Settings) -> str:
    if runner == AUTO:
        runner = _joined()
    if runner.startswith("ray://"):
        raise UsageError(
            f"{runner}: the Ray Client (ray://) cannot run stages, since it has no streaming tasks. Run where the "
            "cluster is: name the head as HOST:PORT from a machine that has joined it (`ray start --address=HOST:PORT`)"
            ", or let a Prefect worker on the cluster run the deployment with STAGEWRIGHT_RUNNER=auto."
        )
    if runner != RAY:
        return runner
    found = local_ray(settings)
    if found is None:
        raise ServiceUnreachable(
            f"No Ray was started in {settings.home}. Start it with `stagewright up --ray`, or name a cluster: "
            "--runner HOST:PORT."
        )
    _use_token(found.token_file)
    return found.address


def _joined() -> str:
    """The head of the cluster that this machine has joined, as Ray finds it. Asked here and not by `ray.init`, which
    would try for many minutes where nobody answers."""
    try:
        return str(get_ray_address_from_environment(AUTO, None))
    except ConnectionError as error:
        raise ServiceUnreachable(
            "This machine has joined no Ray cluster. Join one with `ray start --address=HOST:PORT`, set RAY_ADDRESS, "
            "or take the Ray of this machine: --runner ray."
        ) from error


def _use_token(file: Path) -> None:
    """Ray reads these variables when it is imported, which it may have been long ago; so it is told once more."""
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(file)}
    ray._raylet.Config.initialize(  # type: ignore[attr-defined]  # compiled: has no types
        json.dumps({"AUTH_MODE": "token"})
    )


def _init(address: str, init: dict[str, Any]) -> None:
    _answers(address)
    try:
        with _from_loopback(address):
            ray.init(address, **{"logging_level": logging.ERROR, "log_to_driver": True} | init)
        show_prints()
    except RuntimeError as error:
        if "Version mismatch" not in str(error):
            raise _unreachable(address, error) from error
        raise UsageError(_mismatch(address, str(error))) from error
    except (ConnectionError, ValueError, OSError, ray.exceptions.RayError) as error:
        raise _unreachable(address, error) from error


def _answers(address: str) -> None:
    """Raise ServiceUnreachable where nobody listens: Ray itself would try for many minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE_S).close()
    except (OSError, ValueError) as error:  # RAY_ADDRESS may hold anything
        raise _unreachable(address, error) from error


@contextmanager
def _from_loopback(address: str) -> Iterator[None]:
    """Ray takes 127.0.0.1 for this machine's address in its network, where a Ray that keeps to itself does not listen.
    What makes it take the name as it stands is a variable, read when Ray is imported, and this constant."""
    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = before and not is_loopback(address.rpartition(":")[0])
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


def _unreachable(address: str, error: Exception) -> ServiceUnreachable:
    first = (str(error).strip().splitlines() or [""])[0]
    return ServiceUnreachable(
        f"No Ray cluster answers at {address} ({type(error).__name__}: {first}). Check the address, and the token "
        "(RAY_AUTH_MODE=token and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH, where the cluster wants one)."
    )


def _mismatch(address: str, told: str) -> str:
    found = _MISMATCH.search(told)
    there = f"Ray {found['ray']} on Python {found['python']}" if found else told
    return (
        f"The cluster at {address} runs {there}, this process Ray {ray.__version__} on Python "
        f"{platform.python_version()}. Ray wants both the same: use the same image or the same lock file on both sides."
    )


def is_elsewhere() -> bool:
    """Whether some nodes of the cluster that this process is connected to are other machines."""
    there = nodes()
    own = {address.address for found in psutil.net_if_addrs().values() for address in found}
    return any(node["NodeManagerAddress"] not in own for node in alive(there))
