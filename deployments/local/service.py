"""What the start, the stop and the look at a local service need to know of it."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from deployments.local.home import Home
from deployments.local.ports import LOOPBACK
from deployments.local.process import Command


class Service(Protocol):
    """A server on this machine."""

    @property
    def name(self) -> str:
        """Its key in services.json, and the name of its log."""

    @property
    def label(self) -> str:
        """What people call it, as it stands inside a sentence."""

    @property
    def started_by(self) -> str:
        """The commands that start it, as they stand inside a sentence."""

    @property
    def patience(self) -> float:
        """Seconds it may take to become ready."""

    @property
    def offsets(self) -> tuple[int, ...]:
        """The ports it listens at, relative to its first one."""

    def command(self, port: int) -> Command:
        """What to run. Writes the files it needs first. Raises ServiceUnreachable where it cannot run here."""

    def greet(self, port: int) -> str:
        """What to tell before it starts."""

    def place(self, port: int) -> str:
        """Its address as people may see it."""

    def address(self, port: int) -> Mapping[str, str]:
        """How it is reached, as services.json says it."""

    def versions(self) -> Mapping[str, str]:
        """What it must have in common with who uses it: started by others, it is started anew.

        Cheap, since every start asks. Raises UsageError where it is not installed.
        """

    def make_ready(self, port: int) -> str | None:
        """Try what proves it ready, and make what it must have. None if all is well, else what is not, in words."""

    def fault(self, port: int) -> str | None:
        """Try a real request that changes nothing. None if all is well, else what is not, in words."""

    def leftovers(self, port: int) -> list[Path]:
        """Files outside its folder that it leaves behind when it ends."""


def has_said(home: Home, service: str, word: str) -> bool:
    """Whether that stands in what the service printed since its start."""
    try:
        return word in home.log(service).read_text(errors="replace")
    except OSError:
        return False


def ask(
    port: int,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    seconds: float = 5,
) -> tuple[int, bytes]:
    """One request to a server on this machine: status and body. Raises OSError and HTTPException.

    By hand rather than with a library that would look for proxies, profiles and credentials in the environment.
    """
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=seconds)
    try:
        connection.request(method, path, body or None, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
