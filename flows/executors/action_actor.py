"""The Ray actor that runs the calls of an executor, one after the other, and stays warm between them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from flows.executors.sent import SentCall
from flows.executors.there import run_sent
from flows.places.baggage import Baggage
from flows.places.clients import job_client
from flows.places.stage_worker import Told, carried_out
from stages.core.context import Deferred
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
        run = partial(run_sent, sent, self._plugin, self._workers, agent_client=Deferred(job_client))
        yield from carried_out(sent.name, run)
