"""What other machines of a cluster must be able to reach, refused where only this machine can."""

from __future__ import annotations

from urllib.parse import urlsplit

from flows.connections import known_store
from flows.settings import Settings, is_loopback, without_password
from stages.core.errors import UsageError


def refuse_loopback(cluster: str, settings: Settings, api_url: str | None) -> None:
    """Raise UsageError where the store or the Prefect server is on loopback; `cluster` is the address of one that has
    other machines. None counts as none."""
    store = known_store(settings)
    named = {
        "The object store": (store.endpoint if store else None, "STAGEWRIGHT_S3_BUCKET and AWS_ENDPOINT_URL"),
        "The Prefect server": (api_url, "PREFECT_API_URL"),
    }
    for what, (url, variables) in named.items():
        if url and is_loopback(urlsplit(url).hostname):
            raise UsageError(
                f"{what} is at {without_password(url)}, which only this machine can reach; the cluster at {cluster} "
                f"has other machines. Name one that all of them reach: {variables}."
            )
