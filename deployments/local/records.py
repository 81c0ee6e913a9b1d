"""`services.json`: what was started, as which process, at which address.

    {"store": {"endpoint", "bucket", "access_key", "secret_key"},     only while it is ready: flows.connections reads it
     "prefect": {"api_url"},                                          likewise
     "ray": {"address", "token_file"},                                likewise
     "processes": {"store": {"port", "pid", "created"}, …}}           kept when stopped, for the port; some: "versions"

A service has a process before it has an address, so one that was left half-started can be told from one that is ready.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployments.local.home import Home, write_private
from deployments.local.process import Process
from flows.connections import read_local, services_file
from flows.settings import Settings


@dataclass(frozen=True)
class Record:
    """How a service was left. `port` is its first one; `address` is there once it answered a real request.
    `versions` are those that it was started by, where they matter (`Service.versions`)."""

    port: int
    process: Process | None = None
    address: Mapping[str, str] | None = None
    versions: Mapping[str, str] = field(default_factory=dict)


def read_record(settings: Settings, service: str) -> Record | None:
    """What is known of a service; None where it was never started or the file does not say.

    Raises UsageError where the home cannot be read.
    """
    with Home(settings.home).usable():
        content = read_local(settings)
    try:
        kept = content["processes"][service]
        pid, created = kept.get("pid"), kept.get("created")
        process = Process(int(pid), float(created)) if pid and created else None
        return Record(int(kept["port"]), process, content.get(service), kept.get("versions", {}))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def write_record(settings: Settings, service: str, record: Record) -> None:
    """Replace what is known of a service, and nothing else. The caller holds the lock of the home."""
    content = read_local(settings)
    content.pop(service, None)
    if record.address:
        content[service] = dict(record.address)
    kept: dict[str, Any] = {"port": record.port}
    if record.process:
        kept |= {"pid": record.process.pid, "created": record.process.created}
    if record.versions:
        kept["versions"] = dict(record.versions)
    processes = content.get("processes")
    content["processes"] = {**(processes if isinstance(processes, dict) else {}), service: kept}
    write_private(services_file(settings), json.dumps(content, indent=2) + "\n")
