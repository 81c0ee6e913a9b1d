"""The saved block that names our result storage to a Prefect server: by it, any process can read results by the API."""

from __future__ import annotations

from typing import cast

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import BlockDocument
from prefect.context import FlowRunContext
from prefect.exceptions import ObjectNotFound

from flows.jobs.results import StageStorage

NAME = "default"


def saved_storage() -> StageStorage:
    """The block as the server of the current flow run knows it; saved there when it is not yet.

    One request by the run's own client: loading it by name the usual way takes 100 ms, most of them for a new client.
    """
    context = FlowRunContext.get()
    assert context is not None
    client = cast(SyncPrefectClient, context.client)
    document = _saved(client)
    if document is None:
        return save()
    block = StageStorage()
    block._block_document_id, block._block_document_name = document.id, NAME
    return block


def is_saved(client: SyncPrefectClient) -> bool:
    """Whether that server knows it."""
    return _saved(client) is not None


def save() -> StageStorage:
    """Save it on the server of this process."""
    block = StageStorage()
    block.save(NAME, overwrite=True, _sync=True)  # type: ignore[call-arg]  # Prefect's dispatch hides the argument
    return block


def _saved(client: SyncPrefectClient) -> BlockDocument | None:
    try:
        return client.read_block_document_by_name(NAME, str(StageStorage._block_type_slug))
    except ObjectNotFound:
        return None
