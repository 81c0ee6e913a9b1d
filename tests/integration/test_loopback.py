"""Whatever was started here listens on loopback, and nowhere else: every process of every service that is recorded."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from flows.connections import Connections

pytestmark = pytest.mark.integration

LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def family(session: int) -> Iterator[psutil.Process]:
    """The processes of a service: it leads a session of its own, in which its children stay."""
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                yield process
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue


def reachable(process: psutil.Process) -> set[str]:
    """The addresses at which it takes connections, or datagrams from anybody."""
    try:
        found = process.net_connections(kind="inet")
    except psutil.NoSuchProcess:
        return set()
    waiting = [s for s in found if s.status == psutil.CONN_LISTEN or (s.type == socket.SOCK_DGRAM and not s.raddr)]
    return {s.laddr.ip for s in waiting if s.laddr}


def test_every_service_listens_there_only(services: Connections, ray_record: dict[str, Any], home: Path) -> None:
    recorded = json.loads((home / "services.json").read_text())["processes"]
    running = {name: kept["pid"] for name, kept in recorded.items() if kept.get("pid")}
    assert running.keys() >= {"store", "prefect", "ray"}
    found = {name: {ip for process in family(pid) for ip in reachable(process)} for name, pid in running.items()}
    assert {name: ips - LOOPBACK for name, ips in found.items()} == {name: set() for name in running}
    assert all(found[name] for name in ("store", "prefect", "ray"))  # so that it was looked where they are
