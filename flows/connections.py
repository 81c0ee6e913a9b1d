"""Which store and which Prefect server this process uses.

An outside store or server is named by settings. What is not named is local: `stagewright up` (or the first `run`)
starts it and leaves its address in ``$STAGEWRIGHT_HOME/services.json``, readable by its owner only.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.settings import Settings
from stages.core.blobs import BlobStore
from stages.core.cache import BlobCache
from stages.core.errors import ServiceUnreachable
from stages.core.objects import ObjectStore, StoreAddress
from stages.datatypes.s3_input import use_store


@dataclass(frozen=True)
class Connections:
    """The addresses a run needs."""

    store: StoreAddress
    prefect_api_url: str


def services_file(settings: Settings) -> Path:
    """Where the addresses of the local services are kept."""
    return settings.home / "services.json"


def outside_store(settings: Settings) -> StoreAddress | None:
    """The store that settings name, if they name one. AWS variables alone never do."""
    if not settings.s3_bucket:
        return None
    endpoint = settings.s3_endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    return StoreAddress(settings.s3_bucket, settings.s3_prefix, endpoint)


def read_local(settings: Settings) -> dict[str, Any]:
    """What `services.json` holds, empty where there is none:
    `{"store": {"endpoint", "bucket", "access_key", "secret_key"}, "prefect": {"api_url"}}`."""
    try:
        content = json.loads(services_file(settings).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def open_blobs(settings: Settings) -> BlobStore:
    """The blobs of the store to use, through this machine's cache; inputs in its bucket are read the same way.

    Raises ServiceUnreachable where there is no store.
    """
    address = connections(settings).store
    use_store(address)
    return BlobStore(ObjectStore(address), BlobCache(settings.home / "cache" / "blobs", int(settings.cache_gb * 1e9)))


def connections(settings: Settings) -> Connections:
    """The addresses to use. Raises ServiceUnreachable where something is neither named nor started."""
    store, api_url, local = outside_store(settings), settings.prefect_api_url, read_local(settings)
    if store is None and (kept := local.get("store")):
        store = StoreAddress(kept["bucket"], "", kept["endpoint"], kept["access_key"], kept["secret_key"])
    if api_url is None and (server := local.get("prefect")):
        api_url = server["api_url"]
    if store is None or api_url is None:
        missing = " and ".join(n for n, found in (("object store", store), ("Prefect server", api_url)) if not found)
        raise ServiceUnreachable(
            f"No {missing}: nothing is named by settings and nothing was started in {settings.home}. "
            "Start local services with `stagewright up`, or set STAGEWRIGHT_S3_BUCKET and PREFECT_API_URL."
        )
    return Connections(store, api_url)
