"""The local Prefect server, on SQLite below `$STAGEWRIGHT_HOME`."""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deployments.local import prefect_program
from deployments.local.home import Home
from deployments.local.ports import LOOPBACK
from deployments.local.process import Command
from deployments.local.service import ask


@dataclass(frozen=True)
class PrefectServer:
    """Prefect's API, UI and background services (schedules among them) in one process."""

    home: Home
    name: str = "prefect"
    label: str = "Prefect server"
    started_by: str = "`stagewright up`"
    patience: float = 90  # seconds; 13 at the first start, 4 later, on two cores
    offsets: tuple[int, ...] = (0,)

    def command(self, port: int) -> Command:
        # -P: the folder it starts in is not where modules come from
        start = ["server", "start", "--host", LOOPBACK, "--port", str(port)]
        args = [sys.executable, "-P", prefect_program.__file__, *start]
        return Command(args, self._environment(port), self.home.prefect)

    def greet(self, port: int) -> str:
        takes = "takes a few seconds" if (self.home.prefect / "prefect.db").exists() else "first start takes about 10 s"
        return f"Starting the Prefect server at {LOOPBACK}:{port} ({takes})…"

    def place(self, port: int) -> str:
        return f"http://{LOOPBACK}:{port}/api"

    def address(self, port: int) -> Mapping[str, str]:
        return {"api_url": self.place(port)}

    def versions(self) -> Mapping[str, str]:
        return {}

    def make_ready(self, port: int) -> str | None:
        return self.fault(port)

    def fault(self, port: int) -> str | None:
        try:
            status, _ = ask(port, "GET", "/api/health")
        except (OSError, http.client.HTTPException) as error:
            return f"GET /api/health got no answer ({type(error).__name__}: {error})"
        return None if status == 200 else f"GET /api/health was answered with HTTP {status}"

    def leftovers(self, port: int) -> list[Path]:
        return []

    def _environment(self, port: int) -> dict[str, str]:
        """Ours without any setting of Prefect's: they may name another server, profile or database."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        return inherited | {
            "PREFECT_HOME": str(self.home.prefect),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_SERVER_UI_API_URL": "/api",  # else the UI asks port 4200
            # its own pages only: by default any web page open in a browser may use the API, which needs no key
            "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://{LOOPBACK}:{port},http://localhost:{port}",
        }
