"""Secrets that the environment does not give: Prefect Secret blocks, read when somebody needs one.

A block is named after the variable that it stands for: `stagewright-vision-key` for STAGEWRIGHT_VISION_KEY. Prefect is
imported, and its server asked, only then. A process reads each block once, so one that changes is noticed by the next.
"""

from __future__ import annotations

import sys
import threading
from urllib.parse import urlsplit

from flows.prefect_profile import named_by_profile
from flows.settings import is_loopback
from stages.core.errors import ServiceUnreachable, UsageError

PATIENCE_S = 5.0

_lock = threading.Lock()
_read: dict[tuple[str, str], str | None] = {}
"""Server and block -> what it holds, None where there is none."""


def block_name(variable: str) -> str:
    """The block that stands for a variable."""
    return variable.lower().replace("_", "-")


def read_block(variable: str, server: str | None) -> str | None:
    """What the block of a variable holds; None where there is none, and where no server is known. `server` is asked
    where Prefect itself was not told of one.

    Raises ServiceUnreachable where the server cannot be asked, UsageError for a block that holds no text.
    """
    found = _of_prefect() or server or _of_profile()
    if found is None:
        return None
    key = found, block_name(variable)
    with _lock:
        if key not in _read:
            _read[key] = _asked(*key)
        return _read[key]


def _of_prefect() -> str | None:
    """The server that Prefect uses here, if it was imported already."""
    if "prefect.settings" not in sys.modules:
        return None
    from prefect.settings import get_current_settings

    return get_current_settings().api.url


def _of_profile() -> str | None:
    named = named_by_profile()
    return named.api_url if named else None


def _asked(server: str, block: str) -> str | None:
    from httpx import HTTPError, HTTPStatusError
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound
    from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    host = urlsplit(server).hostname
    # a proxy that the environment names is for what is outside
    how = {"timeout": PATIENCE_S, "trust_env": not is_loopback(host)}
    try:
        with (
            temporary_settings({PREFECT_API_URL: server, PREFECT_CLIENT_MAX_RETRIES: 0}),
            get_client(how, sync_client=True) as client,
        ):
            document = client.read_block_document_by_name(block, "secret", include_secrets=True)
    except ObjectNotFound:
        return None
    except (HTTPError, OSError) as error:  # its text may hold the address, with a password in it
        fault = f"HTTP {error.response.status_code}" if isinstance(error, HTTPStatusError) else type(error).__name__
        raise ServiceUnreachable(
            f"The Prefect server at {host} cannot be asked for the Secret block {block!r} ({fault})."
        ) from None
    value = document.data.get("value")
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"The Prefect Secret block {block!r} must hold a text, and does not.", block=block)
    return value.strip()
