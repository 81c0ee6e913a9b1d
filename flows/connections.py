"""Which store and which Prefect server this process uses.

An outside store or server is named by settings. What is not named is local: `stagewright up` (or the first `run`)
starts it and leaves its address in ``$STAGEWRIGHT_HOME/services.json``, readable by its owner only. Prefect learns of
its server by the environment, which `point_prefect_at` sets.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from pydantic import SecretStr

from flows.secret_blocks import block_name, read_block
from flows.settings import Settings, is_loopback, variable
from stages.core.blobs import BlobStore
from stages.core.cache import BlobCache
from stages.core.errors import ServiceUnreachable, UsageError
from stages.core.objects import ObjectStore
from stages.core.store_address import StoreAddress
from stages.datatypes.s3_input import use_store


@dataclass(frozen=True)
class Connections:
    """The addresses a run needs."""

    store: StoreAddress
    prefect_api_url: str


@dataclass(frozen=True)
class LocalRay:
    """The Ray of this machine: `address` is HOST:PORT, and who connects must hold what is in `token_file`. `dashboard`
    is the address of its job server, where it has one."""

    address: str
    token_file: Path
    dashboard: str | None = None


def services_file(settings: Settings) -> Path:
    """Where the addresses of the local services are kept."""
    return settings.home / "services.json"


def outside_store(settings: Settings) -> StoreAddress | None:
    """The store that settings name, if they name one. AWS variables alone never do.

    Keys that the environment does not give are looked up later, and only where the AWS ways give none either.
    """
    if not settings.s3_bucket:
        return None
    endpoint = settings.s3_endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    key, secret = _given(settings.s3_access_key), _given(settings.s3_secret_key)
    return StoreAddress(settings.s3_bucket, settings.s3_prefix, endpoint, key, secret, partial(_looked_up, settings))


def known_server(settings: Settings) -> str | None:
    """The API of the Prefect server that is named, or was started here."""
    return settings.prefect_api_url or local_server(settings)


def _looked_up(settings: Settings) -> tuple[str, str] | None:
    """The outside store's keys, of which Prefect Secret blocks may hold one or both. Raises UsageError for a half."""
    server = known_server(settings)
    key = _given(settings.s3_access_key) or read_block(variable("s3_access_key"), server)
    secret = _given(settings.s3_secret_key) or read_block(variable("s3_secret_key"), server)
    if bool(key) != bool(secret):
        lacking = variable("s3_secret_key" if key else "s3_access_key")
        raise UsageError(
            f"The store's key is there, but not all of it: set {lacking}, or save it as the Prefect Secret block "
            f"{block_name(lacking)!r}.",
            field=lacking,
        )
    return (key, secret) if key and secret else None


def _given(key: SecretStr | None) -> str | None:
    return key.get_secret_value() if key else None


def read_local(settings: Settings) -> dict[str, Any]:
    """What `services.json` holds, empty where there is none:
    `{"store": {"endpoint", "bucket", "access_key", "secret_key"}, "prefect": {"api_url"},
    "ray": {"address", "token_file"}}`."""
    try:
        content = json.loads(services_file(settings).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def open_blobs(settings: Settings) -> BlobStore:
    """The blobs of the store to use, through this machine's cache; inputs in its bucket are read the same way.

    Raises ServiceUnreachable where there is no store.
    """
    address = known_store(settings)
    if address is None:
        raise _missing(settings, "object store")
    use_store(address)
    return BlobStore(ObjectStore(address), BlobCache(settings.home / "cache" / "blobs", int(settings.cache_gb * 1e9)))


def connections(settings: Settings) -> Connections:
    """The addresses to use. Raises ServiceUnreachable where something is neither named nor started."""
    store, api_url = known_store(settings), known_server(settings)
    if store is None or api_url is None:
        parts = (("object store", store), ("Prefect server", api_url))
        raise _missing(settings, " and ".join(name for name, found in parts if not found))
    return Connections(store, api_url)


def local_server(settings: Settings) -> str | None:
    """The API of the Prefect server that was started here, if one was."""
    server = read_local(settings).get("prefect")
    return str(server["api_url"]) if server else None


def local_ray(settings: Settings) -> LocalRay | None:
    """The Ray that was started here, if one was."""
    found = read_local(settings).get("ray")
    return LocalRay(found["address"], Path(found["token_file"]), found.get("dashboard")) if found else None


def known_store(settings: Settings) -> StoreAddress | None:
    """The store that is named, or was started here."""
    kept = read_local(settings).get("store")
    local = StoreAddress(kept["bucket"], "", kept["endpoint"], kept["access_key"], kept["secret_key"]) if kept else None
    return outside_store(settings) or local


def _missing(settings: Settings, what: str) -> ServiceUnreachable:
    return ServiceUnreachable(
        f"No {what}: nothing is named by settings and nothing was started in {settings.home}. "
        "Start local services with `stagewright up`, or set STAGEWRIGHT_S3_BUCKET and PREFECT_API_URL."
    )


def point_prefect_at(api_url: str) -> None:
    """Make the Prefect of this process use the server, whether it is imported already or not."""
    os.environ["PREFECT_API_URL"] = api_url
    if is_loopback(urlsplit(api_url).hostname):
        _reach_loopback_directly()
    imported = sys.modules.get("prefect.context")  # it has read its settings when it was imported
    if imported is not None and imported.get_settings_context().settings.api.url != api_url:
        imported.refresh_global_settings_context()


def _reach_loopback_directly() -> None:
    """Proxies that the environment names would be asked for 127.0.0.1 too.

    One that httpx cannot use (socks, mostly) would stop every client of it. By '*' httpx looks at none of them, and
    loses nothing by it; within a list, '*' means nothing to others.
    """
    proxies = getproxies()
    _no_proxy("127.0.0.1", "localhost")
    if proxies and not _httpx_likes_the_proxies():
        _no_proxy("*")


def _no_proxy(*hosts: str) -> None:
    kept = [host for host in getproxies().get("no", "").split(",") if host]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = ",".join(dict.fromkeys((*kept, *hosts)))


def _httpx_likes_the_proxies() -> bool:
    import httpx

    try:
        httpx.Client(verify=False).close()  # noqa: S501 - asks nobody anything
    except (ImportError, ValueError, httpx.InvalidURL):
        return False
    return True
