"""The Ray actor that runs the calls of an executor, one after the other, and stays warm between them."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from flows.executors.sent import SentCall
from flows.executors.shared_store import SharedBlobs
from flows.places.baggage import Baggage
from flows.places.clients import job_client, server_client
from flows.places.news import Notebook
from flows.places.stage_worker import Told, carried_out
from stages.core.context import Deferred, RuntimeContext
from stages.core.envelope import Envelope
from stages.core.execute import execute
from stages.core.spread import ThreadSpread
from stages.plugins.package import unpack_package


class ActionActor:
    """Made by `ray.remote(ActionActor)`. `package`: the plugin as a zip, where actions are of one."""

    def __init__(self, baggage: Baggage, package: bytes | None, workers: int) -> None:
        baggage.enter()
        self._baggage, self._workers = baggage, workers
        self._folder = tempfile.TemporaryDirectory(prefix="stagewright-plugin-")
        self._plugin = None if package is None else unpack_package(package, Path(self._folder.name, "plugin"))

    def run(self, call: str, secrets: Mapping[str, str]) -> Iterator[Told]:
        """Run a call (a SentCall as JSON), and tell of it."""
        self._baggage.with_secrets(secrets).enter()
        sent = SentCall.from_json(call)
        yield from carried_out(sent.name, partial(self._envelope, sent))

    def _envelope(self, sent: SentCall, notebook: Notebook) -> Envelope:
        call, shared = sent.opened(self._plugin), SharedBlobs()
        logger = logging.Logger(f"stagewright.{sent.name}", logging.DEBUG)
        logger.addHandler(notebook)
        with ExitStack() as until, closing(ThreadSpread(self._workers)) as spread:
            ctx = RuntimeContext(
                logger,
                dict(os.environ),
                sent.job_id,
                Deferred(partial(server_client, until)),
                Deferred(job_client),
                reporter=notebook,
                spread=spread,
            )
            return shared.checked(execute(call.call, call.reads, ctx, shared.blobs))
