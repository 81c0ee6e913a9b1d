"""A call of an action in the process that it was sent to, whatever kind of process that is."""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

from flows.executors.sent import SentCall
from flows.executors.shared_store import SharedBlobs
from flows.places.clients import server_client
from flows.places.news import Notebook
from flows.places.secrets import secrets_of
from stages.core.context import Deferred, RuntimeContext
from stages.core.envelope import Envelope
from stages.core.execute import execute
from stages.core.spread import ThreadSpread


def run_sent(sent: SentCall, plugin: Path | None, workers: int, notebook: Notebook, agent_client: Any) -> Envelope:
    """Run the call; `plugin` is where its plugin lies here. Raises what opening and running it raises."""
    call, shared = sent.opened(plugin), SharedBlobs()
    logger = logging.Logger(f"stagewright.{sent.name}", logging.DEBUG)
    logger.addHandler(notebook)
    env = {**os.environ, **secrets_of(call.call.definition, os.environ)}
    with ExitStack() as until, closing(ThreadSpread(workers)) as spread:
        client = Deferred(partial(server_client, until))
        ctx = RuntimeContext(logger, env, sent.job_id, client, agent_client, reporter=notebook, spread=spread)
        return shared.checked(execute(call.call, call.reads, ctx, shared.blobs))
