"""The local worker: it starts the deployments' runs as processes of this machine.

It serves the work pool `stagewright`, which it makes. A run inherits the worker's environment, and so its store,
profiles and stages; what a deployment says itself comes on top.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import platform
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from deployments.local.home import Home
from deployments.local.ports import LOOPBACK
from deployments.local.process import Command
from deployments.local.service import ask, has_said
from flows.connections import known_server
from flows.settings import Settings
from stages.core.errors import ServiceUnreachable

POOL = "stagewright"

_FAMILIES = ("STAGEWRIGHT_", "AWS_", "PREFECT_", "OPENAI_", "PYTHONPATH")  # what decides how its runs go
_PATHS = {"PYTHONPATH": os.pathsep, "STAGEWRIGHT_PROFILES": ",", "STAGEWRIGHT_PLUGINS": ","}
_STARTED = "started!"
_ASKS_EVERY = 2  # seconds; 10 by default, which who has just pressed a button finds long


@dataclass(frozen=True)
class PrefectWorker:
    """A process worker of Prefect's, on the server that settings name or that was started here."""

    home: Home
    settings: Settings
    name: str = "worker"
    label: str = "Prefect worker"
    started_by: str = "`stagewright up --worker`"
    patience: float = 60  # seconds; 4 on two cores
    offsets: tuple[int, ...] = (0,)

    def command(self, port: int) -> Command:
        if self._api_url is None:
            raise ServiceUnreachable("A worker needs a Prefect server. Start one with `stagewright up`.")
        name = f"{socket.gethostname()}-{port}"  # two homes of a machine may share a server
        # -P: the folder it starts in is not where modules come from
        args = [
            *(sys.executable, "-P", "-m", "prefect", "--no-prompt", "worker", "start", "--type=process"),
            *(f"--pool={POOL}", f"--name={name}", "--with-healthcheck", "--install-policy=never"),
        ]
        return Command(args, self._environment(port), self.home.worker)

    def greet(self, port: int) -> str:
        return f"Starting a Prefect worker for the work pool '{POOL}' (takes a few seconds)…"

    def place(self, port: int) -> str:
        return f"work pool '{POOL}', http://{LOOPBACK}:{port}/health"

    def address(self, port: int) -> Mapping[str, str]:
        return {"pool": POOL}

    def versions(self) -> Mapping[str, str]:
        """Its runs have the server, the environment and the packages that it was started with."""
        environment = json.dumps([self._api_url, sorted(_lasting(os.environ).items())]).encode()
        return {
            "prefect": version("prefect"),
            "python": f"{platform.python_version()} ({sys.prefix})",
            "environment": hashlib.sha256(environment).hexdigest()[:8],
        }

    def make_ready(self, port: int) -> str | None:
        said = has_said(self.home, self.name, _STARTED)
        return self.fault(port) if said else "it has not said that it started"

    def fault(self, port: int) -> str | None:
        try:
            status, _ = ask(port, "GET", "/health")
        except (OSError, http.client.HTTPException) as error:
            return f"GET /health got no answer ({type(error).__name__}: {error})"
        return None if status == 200 else "it has not heard from the Prefect server for a while"

    def leftovers(self, port: int) -> list[Path]:
        return []

    @property
    def _api_url(self) -> str | None:
        return known_server(self.settings)

    def _environment(self, port: int) -> dict[str, str]:
        """Ours, for its runs need the keys of the store; paths that are relative to where we are made absolute."""
        return (
            {"PREFECT_WORKER_QUERY_SECONDS": str(_ASKS_EVERY)}
            | _absolute(os.environ)
            | {
                "STAGEWRIGHT_HOME": str(self.home.root),
                "PREFECT_API_URL": str(self._api_url),
                "PREFECT_WORKER_WEBSERVER_HOST": LOOPBACK,
                "PREFECT_WORKER_WEBSERVER_PORT": str(port),
                "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
                "DO_NOT_TRACK": "1",
            }
        )


def _lasting(environment: Mapping[str, str]) -> dict[str, str]:
    """What of an environment makes other runs; the server's address aside, which may be named or found."""
    found = {name: value for name, value in _absolute(environment).items() if name.startswith(_FAMILIES)}
    return {name: value for name, value in found.items() if name not in ("PREFECT_API_URL", "STAGEWRIGHT_HOME")}


def _absolute(environment: Mapping[str, str]) -> dict[str, str]:
    made = dict(environment)
    for name, separator in _PATHS.items():
        if parts := [part.strip() for part in environment.get(name, "").split(separator) if part.strip()]:
            made[name] = separator.join(str(Path(part).expanduser().resolve()) for part in parts)
    return made
