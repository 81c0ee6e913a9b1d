"""The services of deployments/compose/compose.yaml as processes of this machine: the same commands, with the same
environment, where the names of the network's machines are ports on loopback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from tests.integration.waiting import hears_ctrl_c

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deployments" / "compose" / "compose.yaml"

_VARIABLE = re.compile(r"\$\{(\w+)(:\?[^}]*|:-)\}")
_INHERITED = ("HOME", "LANG", "TMPDIR")
_PATH = (Path(sys.executable).parent, ROOT / "deployments" / "image", "/usr/bin", "/bin")


class Composed:
    """The services, those that were started and are to be stopped among them.

    `secrets`: what stands in .env. `there`: for each word or part of a word in the file what it is here.
    `beside`: variables that every service gets beside its own.
    """

    def __init__(
        self, folder: Path, secrets: Mapping[str, str], there: Mapping[str, str], beside: Mapping[str, str]
    ) -> None:
        self._folder, self._secrets, self._there, self._beside = folder, secrets, there, beside
        self._services: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, service: str, *flags: str, **beside: str) -> None:
        """Start a service that stays. `flags` go behind its command."""
        with (self._folder / f"{service}.log").open("ab") as log:
            self._started[service] = subprocess.Popen(
                [*self._command(service), *flags],
                env=self._environment(service) | beside,
                cwd=self._folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=hears_ctrl_c,
            )

    def run(self, service: str, *command: str) -> str:
        """Run one to its end, which must be a good one, or another command in its place; what it printed."""
        done = subprocess.run(
            command or self._command(service),
            env=self._environment(service),
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{service}: {done.stdout}{done.stderr}"
        return done.stdout

    def log(self, service: str) -> str:
        """What a service that was started has printed."""
        return (self._folder / f"{service}.log").read_text(errors="replace")

    def stop(self, service: str) -> int:
        """Stop it as an engine for containers does: asked first, then all of its processes at once."""
        process = self._started.pop(service)
        process.terminate()
        try:
            return process.wait(20)
        except subprocess.TimeoutExpired:
            return -signal.SIGKILL
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def close(self) -> None:
        """Stop what still runs, all at once. What it printed is shown where the test failed."""
        for process in self._started.values():
            process.terminate()
        for service in list(self._started):
            self.stop(service)
            sys.stderr.write(f"--- {service}\n{self.log(service)}")

    def _command(self, service: str) -> list[str]:
        return [self._said(word) for word in self._services[service]["command"]]

    def _environment(self, service: str) -> dict[str, str]:
        own = {name: self._said(value) for name, value in self._services[service]["environment"].items()}
        home = {"PATH": ":".join(map(str, _PATH)), "PREFECT_HOME": str(self._folder / f"prefect-{service}")}
        return {name: os.environ[name] for name in _INHERITED if name in os.environ} | home | own | self._beside

    def _said(self, text: str) -> str:
        filled = _VARIABLE.sub(lambda found: self._value(*found.groups()), text)
        if filled in self._there:
            return self._there[filled]
        for name, address in self._there.items():
            if ":" in name or "=" in name:
                filled = filled.replace(name, address)
        return filled

    def _value(self, name: str, otherwise: str) -> str:
        return self._secrets.get(name, "") if otherwise == ":-" else self._secrets[name]
