"""The local Ray: one node on this machine, for runs with `--runner ray`.

Ray's defaults are made for clusters that trust their network: no token, fixed ports, all interfaces as soon as there
is more than one. Source of what is set below: each was tried on version 2.60 until everything listened on loopback
only, two homes ran side by side, nothing but metrics was told without the token and nothing called home.
"""

from __future__ import annotations

import os
import platform
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deployments.local import ray_head
from deployments.local.home import Home, folder_for_sockets, write_private
from deployments.local.ports import LOOPBACK, accepts
from deployments.local.process import Command
from deployments.local.service import has_said
from stages.core.errors import UsageError

# What crosses it is little: values go by the store. Where /dev/shm is smaller, Ray puts a file below its folder.
OBJECT_STORE = 300_000_000  # bytes
CONNECTING = 20  # seconds for a driver; it takes 2, of which most is importing ray

_STARTED = "Ray runtime started"
_TEMPORARY = "t"  # short, as is all that lies below it; Ray opens it to everyone, so it lies in a folder of ours
_LONGEST_SOCKET = f"{_TEMPORARY}/session_2026-11-22_05-34-03_526468_4194304/sockets/plasma_store"
_DRIVER = "import sys, ray; ray.init(sys.argv[1], log_to_driver=False, logging_level='ERROR')"

_FLAGS = (
    f"--head --block --node-ip-address={LOOPBACK} --include-dashboard=false --disable-usage-stats --no-monitor "
    # free ports, another at each start: those that have a fixed one by default can be had by one Ray on a machine
    "--min-worker-port=0 --max-worker-port=0 --dashboard-agent-listen-port=0 "
    # A dashboard's list of tasks, which nobody sees here; a driver waits 0.25 s for it when it leaves. Metrics are read
    # by nobody either; a driver that has joined some dozen times waits 45 s for their exporters when it leaves.
    '--system-config={"task_events_report_interval_ms":0,"enable_metrics_collection":false,"enable_open_telemetry":false}'
).split()
_SETTINGS = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # else it takes 127.0.0.1 for the address that others know us by
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",  # else it waits half a minute for tasks when it is to end
    "DASHBOARD_METRIC_PORT": "0",
    "RUNTIME_ENV_RETRY_TIMES": "1",  # pip has its own; else a package that is not there is told after three of Ray's
    "BAD_RUNTIME_ENV_CACHE_TTL_SECONDS": "5",  # else for ten minutes nothing is tried, whatever was mended meanwhile
}
# Tasks inherit what Ray was given, and a run sends its own environment with them: no secret or setting of who
# happened to start Ray may be in it.
_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
_INHERITED_FAMILIES = ("LC_", "CUDA_", "NVIDIA_")


@dataclass(frozen=True)
class RayCluster:
    """One Ray node with all its processes, below `home.ray`."""

    home: Home
    name: str = "ray"
    label: str = "Ray cluster"
    started_by: str = "`stagewright up --ray` or `run --runner ray`"
    patience: float = 90  # seconds; 7 on two cores
    offsets: tuple[int, ...] = (0, 1)

    def command(self, port: int) -> Command:
        temporary = folder_for_sockets(self.home.ray, _LONGEST_SOCKET) / _TEMPORARY
        _clear_sessions(temporary)
        self._make_token()
        # -P: the folder it starts in is not where modules come from
        args = [
            *(sys.executable, "-P", ray_head.__file__, "start", *_FLAGS, f"--port={port}"),
            *(f"--dashboard-host={LOOPBACK}", f"--dashboard-port={port + 1}"),  # of which only the job server is there
            *(f"--temp-dir={temporary}", f"--object-store-memory={OBJECT_STORE}", f"--num-cpus={os.cpu_count() or 1}"),
        ]
        return Command(args, self._environment(), self.home.ray)

    def greet(self, port: int) -> str:
        return f"Starting Ray at {self.place(port)} (takes a few seconds)…"

    def place(self, port: int) -> str:
        return f"{LOOPBACK}:{port}"

    def address(self, port: int) -> Mapping[str, str]:
        dashboard = f"http://{LOOPBACK}:{port + 1}"
        return {"address": self.place(port), "token_file": str(self._token), "dashboard": dashboard}

    def versions(self) -> Mapping[str, str]:
        """Ray refuses a driver of another version of Ray or Python, and its tasks run with what is
        installed where it was started."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            return {"ray": version("ray"), "python": f"{platform.python_version()} ({sys.prefix})"}
        except PackageNotFoundError:
            raise UsageError("Ray is not installed. Install it with `pip install 'stagewright[ray]'`.") from None

    def make_ready(self, port: int) -> str | None:
        said = has_said(self.home, self.name, _STARTED)
        return self.fault(port) if said else "it has not said that it started"

    def fault(self, port: int) -> str | None:
        """Connect as a driver does. Aside, since ray would stay in this process, and asks for minutes where it is
        refused."""
        if not accepts(port):
            return f"nothing listens at {self.place(port)}"
        driver = [sys.executable, "-P", "-c", _DRIVER, self.place(port)]
        try:
            done = subprocess.run(  # noqa: S603 - no shell, and nothing in it comes from a profile
                driver, env=self._environment(), cwd=self.home.ray, capture_output=True, timeout=CONNECTING, check=False
            )
        except subprocess.TimeoutExpired as error:
            return f"no driver could connect within {CONNECTING} s ({_last_line(error.stderr)})"
        return None if done.returncode == 0 else f"no driver could connect ({_last_line(done.stderr)})"

    def leftovers(self, port: int) -> list[Path]:
        return []

    @property
    def _token(self) -> Path:
        return self.home.ray / "token"

    def _make_token(self) -> None:
        """Whoever has it may run code here. Made at first use."""
        if not self._token.exists():
            write_private(self._token, secrets.token_hex(32))

    def _environment(self) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name in _INHERITED or name.startswith(_INHERITED_FAMILIES)
        }
        return inherited | _SETTINGS | {"RAY_AUTH_TOKEN_PATH": str(self._token)}


def _clear_sessions(temporary: Path) -> None:
    """Remove what Ray left of each start, logs mostly, but for the last one's."""
    for session in sorted(temporary.glob("session_2*"))[:-1]:  # named by the time; the link to the last one is not
        shutil.rmtree(session, ignore_errors=True)


def _last_line(printed: bytes | None) -> str:
    lines = (printed or b"").decode(errors="replace").split("\n")
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "it printed nothing")
