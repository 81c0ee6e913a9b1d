"""Actions in this process."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import ExitStack, closing
from functools import partial
from typing import Any

from flows.executors.calls import Action, ActionCall, action_class
from flows.executors.job_server import known_job_client
from flows.executors.told import Listening, Told
from flows.jobs.job import check_job_id
from flows.places.clients import known_server_client
from flows.places.secrets import secrets_of
from stages.core.context import Deferred, Reporter, RuntimeContext
from stages.core.execute import execute
from stages.core.scratch import scratch_blobs
from stages.core.spread import ThreadSpread


class LocalExecutor:
    """Runs actions here, one after the other, with no service at all: what they give stays in this process's memory.
    One that asks `ctx` for a client has it where there is a server already.

    env       the environment, by default that of the process
    job_id    what `ctx.job_id` says; made up if none
    reporter  who hears of progress and metrics while a call runs; `told` has them afterwards
    """

    def __init__(
        self, env: Mapping[str, Any] | None = None, job_id: str | None = None, *, reporter: Reporter | None = None
    ) -> None:
        self._env, self._reporter = env, reporter
        self.job_id = check_job_id(job_id) if job_id else f"local-{secrets.token_hex(4)}"
        self.told = Told()

    def execute(self, action_cls: Action, params: Any = None, input: Any = None) -> Any:
        """Run an action: its result, checked. Raises UsageError for parameters or an input that do not fit, before
        anything runs; what the action raises, with the action's name."""
        blobs = scratch_blobs()
        call = ActionCall.of(action_class(action_cls), params, input, blobs, self.job_id)
        listening = Listening(call.action.action_name, self._reporter)
        self.told = listening.told
        env = dict(os.environ if self._env is None else self._env)
        env |= secrets_of(call.call.definition, env)
        with ExitStack() as until, closing(ThreadSpread(os.cpu_count() or 1)) as spread:
            clients = Deferred(partial(known_server_client, until)), Deferred(known_job_client)
            ctx = RuntimeContext(listening.logger, env, self.job_id, *clients, reporter=listening, spread=spread)
            return call.result(execute(call.call, call.reads, ctx, blobs), blobs)
