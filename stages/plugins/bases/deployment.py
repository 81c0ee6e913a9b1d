"""What is to be deployed, and what there is once it is; who does it is known by name only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import entry_points
from typing import Any, Protocol

from stages.core.errors import UsageError
from stages.core.suggest import did_you_mean
from stages.datatypes import Model

GROUP = "stagewright.serving"
"""Entry points that name what can deploy. A stage knows no server: whoever brings one is found where it runs."""

_NAME = re.compile(r"[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*")


@dataclass(frozen=True)
class Deployment:
    """A model to be deployed.

    name      what it is called, and the path it answers at; another of that name is replaced
    model     what is asked
    serves    an action by which it is asked; None: it is an ONNXModel, asked as it is
    params    parameters of that action
    replicas, cpus, gpus   how many processes, and what each has
    cluster   the Ray that serves: `ray` (the one of this machine), `auto` or HOST:PORT
    host      where the cluster listens, where it does not yet
    port      likewise; 0: any that is free on this machine, 8000 on a cluster
    token     what who asks must send; anybody may on loopback, where there is none
    patience  seconds until it must be ready
    """

    name: str
    model: Model
    serves: type[Any] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    replicas: int = 1
    cpus: float = 1
    gpus: float = 0
    cluster: str = "ray"
    host: str = "127.0.0.1"
    port: int = 0
    token: str | None = field(default=None, repr=False)
    patience: float = 300

    def __post_init__(self) -> None:
        if len(self.name) > 100 or not _NAME.fullmatch(self.name):
            problem = f"A deployment cannot be called {self.name!r}"
            raise UsageError(f"{problem}; expected letters, digits, and single '-', '_' or '.' between.")
        if self.replicas < 1:
            raise UsageError(f"The deployment {self.name!r} is to have {self.replicas} replicas; expected 1 or more.")


@dataclass(frozen=True)
class Served:
    """A deployment as it is. `status` is RUNNING, DEPLOYING, DEPLOY_FAILED, UNHEALTHY, DELETING or NOT_DEPLOYED; of one
    that runs, `revision` tells apart what is served."""

    name: str
    url: str
    status: str
    revision: str = ""
    message: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a result has it."""
        return asdict(self)


class ServingBackend(Protocol):
    """Who deploys."""

    def deploy(self, wanted: Deployment, waiting: Callable[[], None]) -> Served:
        """Start or replace a deployment, and wait until it answers; `waiting` is called meanwhile, and may raise."""

    def status(self, name: str, cluster: str = "ray") -> Served:
        """What has become of one."""

    def delete(self, name: str, cluster: str = "ray") -> None:
        """End one; one that is not there is no error."""


def serving_backend(name: str) -> ServingBackend:
    """Who is known by that name. Raises UsageError that names those there are."""
    known = {point.name: point for point in entry_points(group=GROUP)}
    if name not in known:
        raise UsageError(f"Nothing deploys by the name {name!r}{did_you_mean(name, known)}")
    backend: ServingBackend = known[name].load()()
    return backend
