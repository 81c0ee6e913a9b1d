"""What a command needs before it can talk to the store and to Prefect.

Starting local services is the deployments' business, which lies above this; it is handed in (`use_starter`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from urllib.parse import urlsplit

from flows.connections import Connections, connections, open_blobs
from flows.settings import Settings, read_settings
from stages.core.blobs import BlobStore

Say = Callable[[str], None]
Starter = Callable[[Settings, Say], Connections]


def _only_find(settings: Settings, say: Say) -> Connections:
    return connections(settings)


_starter: Starter = _only_find


def use_starter(starter: Starter) -> None:
    """Start services with this from now on."""
    global _starter
    _starter = starter


def ready(say: Say) -> tuple[Settings, Connections]:
    """Services that run, and this process pointed at them: to be called before Prefect is imported."""
    settings = read_settings()
    found = _starter(settings, say)
    os.environ["PREFECT_API_URL"] = found.prefect_api_url
    for name, value in _PREFECT.items():
        os.environ.setdefault(name, value)
    _reach_loopback_directly(found.prefect_api_url)
    return settings, found


def _reach_loopback_directly(api_url: str) -> None:
    """A proxy that the environment names would be asked for 127.0.0.1 too."""
    if urlsplit(api_url).hostname in ("127.0.0.1", "localhost"):
        for name in ("NO_PROXY", "no_proxy"):
            os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1,localhost")))


def open_store(say: Say) -> tuple[Settings, BlobStore]:
    """The store's blobs, for commands that only read."""
    settings, _ = ready(say)
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
