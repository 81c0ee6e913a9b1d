"""What a command needs before it can talk to the store and to Prefect.

Starting local services is the deployments' business, which lies above this; it is handed in (`use_starter`).
"""

from __future__ import annotations

import os
from collections.abc import Callable

from flows.connections import Connections, connections, open_blobs, point_prefect_at
from flows.places.names import RAY, check_runner
from flows.settings import Settings, read_settings
from flows.settings_sources import unknown_variables
from stages.core.blobs import BlobStore

Say = Callable[[str], None]
Starter = Callable[[Settings, Say, tuple[str, ...]], object]
"""Starts those of the services that are named ("store", "prefect") and that settings leave to this machine."""


def _only_find(settings: Settings, say: Say, names: tuple[str, ...]) -> None:
    """Start nothing."""


_starter: Starter = _only_find


def use_starter(starter: Starter) -> None:
    """Start services with this from now on."""
    global _starter
    _starter = starter


def ready(say: Say, runner: str | None = None) -> tuple[Settings, Connections]:
    """Services that run, and this process pointed at them: to be called before Prefect is imported. The Ray of this
    machine is among them where `runner` (STAGEWRIGHT_RUNNER by default) says so. Raises UsageError for another word.

    A variable that looks like a setting and is none is told: it was meant to change what is to come."""
    settings = read_settings()
    for mistyped in unknown_variables():
        say(f"{mistyped.name} changes nothing. {mistyped.fault}")
    check_runner(runner := runner or settings.runner)
    _starter(settings, say, ("store", "prefect", *(["ray"] if runner == RAY else [])))
    found = connections(settings)
    point_prefect_at(found.prefect_api_url)
    quieten_prefect(settings)
    return settings, found


def quieten_prefect(settings: Settings) -> None:
    """Settings of Prefect's that nobody has set otherwise; it reads them when it is imported."""
    for name, value in (_PREFECT | {"PREFECT_LOCAL_STORAGE_PATH": str(settings.home / "prefect" / "storage")}).items():
        os.environ.setdefault(name, value)


def open_store(say: Say) -> tuple[Settings, BlobStore]:
    """The store's blobs, for commands that only read."""
    settings = read_settings()
    _starter(settings, say, ("store",))
    return settings, open_blobs(settings)


_PREFECT = {
    # Prefect's own lines go to its server; on the terminal stands what `live` shows.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    "PREFECT_CLIENT_MAX_RETRIES": "3",  # 14 s for a server to come back; with five, a run takes minutes to give up
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}
