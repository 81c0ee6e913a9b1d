"""Actions as Ray jobs of their own: a process on the cluster that outlives the one that submitted it."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from flows.executors.calls import Action, ActionCall, action_class, plugin_in, result_of
from flows.executors.job_lines import for_people, mark_of, read_line
from flows.executors.job_log import JobLog
from flows.executors.job_server import connected, dashboard_of, of_the_server
from flows.executors.job_surroundings import Surroundings, forget_baggage
from flows.executors.sent import SentCall
from flows.executors.shared_store import SharedBlobs
from flows.executors.told import Listening, Told
from flows.places.news import hear
from flows.places.plugin_needs import not_made
from stages.core import errors
from stages.core.context import Reporter
from stages.core.envelope import Envelope
from stages.core.errors import JobStopped, StageFailed, StagewrightError, UsageError

FINAL = ("SUCCEEDED", "FAILED", "STOPPED")
NOT_MADE = "RUNTIME_ENV_SETUP_FAILURE"  # Ray's
SHOWN_LINES = 20
POLL_S = 0.3


class CallTimeout(StagewrightError, TimeoutError):
    """A call has not ended in the time that somebody was willing to wait. It goes on."""


class RayJobExecutor:
    """Submits actions of a plugin to the job server of a Ray cluster.

    dashboard_url  its address, http://HOST:PORT; by default RAY_API_SERVER_ADDRESS, else the Ray of this machine
    working_dir    the plugin's folder, which travels with the job (once, as long as nothing in it changes)
    runtime_env    for Ray; the plugin's own (packages, runtime_env of its config) is there already
    reporter       who hears of progress and metrics during `wait`; `told` has them afterwards
    """

    def __init__(
        self,
        dashboard_url: str | None = None,
        working_dir: str | Path | None = None,
        runtime_env: Mapping[str, Any] | None = None,
        *,
        reporter: Reporter | None = None,
    ) -> None:
        """Checks the plugin, and that the server answers. Raises PluginError, UsageError, ServiceUnreachable."""
        self._plugin, self._reporter = plugin_in(working_dir), reporter
        self._url = dashboard_of(dashboard_url)
        self._around = Surroundings.of(self._url, self._plugin, runtime_env)
        self._client = connected(self._url)
        self.told = Told()

    def execute(self, action_cls: Action, params: Any = None, input: Any = None) -> Any:
        """Submit, and wait for the result."""
        return self.wait(self.submit(action_cls, params, input))

    def submit(self, action_name: Action, params: Any = None, input: Any = None) -> str:
        """Submit a call; the job's id. Raises UsageError for parameters or an input that do not fit, before anything
        is sent."""
        self._around.check()
        action = action_class(action_name, self._plugin)
        job_id, shared = f"{action.action_name}-{secrets.token_hex(5)}", SharedBlobs()
        call = ActionCall.of(action, params, input, shared.blobs, job_id)
        shared.check_input(call.reads)
        sent = SentCall.of(call, job_id)
        with of_the_server(self._url):
            self._client.submit_job(
                submission_id=job_id,
                entrypoint=self._around.entrypoint,
                runtime_env=self._around.runtime_env(sent),
                metadata=sent.names,
            )
        return job_id

    def get_status(self, job_id: str) -> str:
        """PENDING, RUNNING, SUCCEEDED, FAILED or STOPPED. Raises UsageError for a job that the server does not know."""
        with of_the_server(self._url, job_id):
            return str(self._client.get_job_status(job_id).value)

    def get_logs(self, job_id: str) -> str:
        """All that the job has printed and logged so far."""
        with of_the_server(self._url, job_id):
            lines = self._client.get_job_logs(job_id).splitlines()
        return "".join(f"{line}\n" for line in for_people(mark_of(job_id), lines))

    def stream_logs(self, job_id: str) -> Iterator[str]:
        """What it prints and logs, line by line from the first, until it ends."""
        self.get_status(job_id)
        yield from for_people(mark_of(job_id), JobLog(self._client, job_id).lines())

    def stop(self, job_id: str) -> bool:
        """End the job; False where it had ended already."""
        with of_the_server(self._url, job_id):
            return bool(self._client.stop_job(job_id))

    def wait(self, job_id: str, timeout_seconds: float | None = None) -> Any:
        """The action's result, when the job has ended.

        Raises what the action raised, with the end of the job's log; StageFailed for a job that ended otherwise,
        JobStopped for one that was stopped, and CallTimeout (a TimeoutError), after which the job goes on.
        """
        listening, heard = Listening(job_id, self._reporter), _Heard(mark_of(job_id))
        self.told = listening.told
        until = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        status, log = self.get_status(job_id), JobLog(self._client, job_id)
        with log.followed() as lines:
            while status not in FINAL:
                heard.take(lines(POLL_S), listening)
                if until is not None and time.monotonic() > until:
                    raise CallTimeout(
                        f"Job {job_id!r} is {status} after {timeout_seconds:g} s. It goes on; stop({job_id!r}) ends "
                        f"it.{heard.tail()}",
                        job_id=job_id,
                    )
                status = self.get_status(job_id)
        forget_baggage(job_id)
        heard.take(log.rest(), listening)
        return self._result(job_id, status, heard)

    def _result(self, job_id: str, status: str, heard: _Heard) -> Any:
        if heard.end and "done" in heard.end:
            envelope = Envelope.from_bytes(heard.end["done"].encode(), f"of job {job_id}")
            return result_of(self._action_of(job_id), envelope, SharedBlobs().blobs)
        if heard.end:
            told = heard.end["raised"]
            kind = getattr(errors, told["kind"], StageFailed)
            raise kind(f"{told['message']}{heard.tail()}", job_id=job_id)
        if status == "STOPPED":
            raise JobStopped(f"Job {job_id!r} was stopped.{heard.tail()}", job_id=job_id)
        with of_the_server(self._url, job_id):
            info = self._client.get_job_info(job_id)
        why = (info.message or "").strip()
        if info.error_type == NOT_MADE:
            raise not_made(why, self._stage_of(info.metadata or {}))
        raise StageFailed(f"Job {job_id!r} ended without a result ({status}): {why}{heard.tail()}", job_id=job_id)

    def _stage_of(self, metadata: Mapping[str, str]) -> str:
        """The name of the stage that a job runs; of an action of a plugin the job knows the last part."""
        name = metadata.get("action", "?")
        if self._plugin is None or metadata.get("module"):
            return name
        return f"{self._plugin.config.code}.{name}"

    def _action_of(self, job_id: str) -> Any:
        """Also of a job that another process has submitted."""
        with of_the_server(self._url, job_id):
            told = self._client.get_job_info(job_id).metadata or {}
        if "action" not in told:
            raise UsageError(f"Job {job_id!r} is no call of an action.", job_id=job_id)
        return SentCall.action(told, self._plugin.folder if self._plugin else None)


class _Heard:
    """What was read of a job's log so far: the end, when it came, and the last lines that people would read."""

    def __init__(self, mark: str) -> None:
        self._mark, self.end = mark, dict[str, Any]()
        self._last: deque[str] = deque(maxlen=SHOWN_LINES)

    def take(self, lines: list[str], listening: Listening) -> None:
        """Lines of the log, in order."""
        for line in lines:
            news = read_line(self._mark, line)
            if isinstance(news, dict):
                self.end = news
            elif news is not None:
                hear([news], listening.logger, listening)
        self._last.extend(for_people(self._mark, lines))

    def tail(self) -> str:
        """The end of the log, for a message."""
        return f" The end of its log:\n{chr(10).join(f'  {line[:300]}' for line in self._last)}" if self._last else ""
