"""The saved block that names our result storage to a Prefect server: by it, any process can read results by the API."""

from __future__ import annotations

from typing import cast

from prefect.client.orchestration import SyncPrefectClient
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
    block = StageStorage()
    try:
        document = client.read_block_document_by_name(NAME, StageStorage._block_type_slug)
        block._block_document_id, block._block_document_name = document.id, NAME
    except ObjectNotFound:
        block.save(NAME, overwrite=True, _sync=True)  # type: ignore[call-arg]
    return block
