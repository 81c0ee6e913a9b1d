"""A Ray cluster: each stage a task of Ray, run again where its worker is lost, ended when the job is."""

from __future__ import annotations

import pickle
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import ray

from flows.graph.plan import PlannedStage
from flows.places.attempt import Attempt
from flows.places.baggage import Baggage
from flows.places.cluster import nodes
from flows.places.news import hear
from flows.places.node_watch import NodeWatch
from flows.places.order import Order
from flows.places.place import Assignment, Surroundings
from flows.places.plugin_code import PluginCode
from flows.places.plugin_needs import PluginNeeds, in_words, not_taken, own_variables
from flows.places.room import Node, described, fits, grown, options, too_much
from flows.places.secrets import secrets_of
from flows.places.stage_worker import Done, Raised, Started, Told, work_on
from stages.core.definition import Resources
from stages.core.envelope import Envelope
from stages.core.errors import JobStopped, UsageError, WorkerLost


class RayPlace:
    """The cluster that this process is connected to."""

    keeps_time: ClassVar[bool] = True

    def __init__(self, around: Surroundings, baggage: Baggage) -> None:
        self._around, self._baggage = around, baggage
        self._code, self._needs = PluginCode(around.blobs), PluginNeeds()
        self._lost: Counter[str] = Counter()
        self._live: set[Attempt] = set()
        self._lock = threading.Lock()
        self._remote = ray.remote(max_retries=0, num_returns="streaming")(work_on)

    def check(self, stages: Sequence[PlannedStage]) -> None:
        """See Place: each stage must fit on one node that is alive, and its plugin's runtime_env must be one."""
        there = nodes()
        if wrong := [stage for stage in stages if not fits(stage.resources, there)]:
            raise UsageError("\n".join(_too_much(stage.id, stage.resources, there) for stage in wrong))
        for stage in stages:
            if self._needs.of(stage.definition):
                self._options(stage, stage.resources)

    def carry_out(self, work: Assignment) -> Envelope:
        """See Place."""
        watch = _Watch(work, self._asked(work.planned), bool(self._needs.of(work.call.definition)))
        attempt = self._submitted(work, watch)
        try:
            end = attempt.result(work.planned.timeout)
        except (WorkerLost, TimeoutError) as error:
            raise self._told(work, error) from None
        except ray.exceptions.RuntimeEnvSetupError as error:
            raise in_words(error, work.call.definition.name) from None
        finally:
            with self._lock:
                self._live.discard(attempt)
        return envelope_of(end, work.call.key)

    def stop(self) -> None:
        """See Place. Nothing is waited for: a stage leaves nothing behind but blobs that nobody refers to."""
        with self._lock:
            for attempt in self._live:
                attempt.kill()

    def close(self) -> None:
        """The connection is the task runner's."""

    def _asked(self, planned: PlannedStage) -> Resources:
        lost = self._lost[planned.id]
        return grown(planned.resources, lost, nodes()) if lost else planned.resources

    def _submitted(self, work: Assignment, watch: _Watch) -> Attempt:
        around = self._around
        baggage = self._baggage.with_secrets(secrets_of(work.call.definition, around.env))
        if baggage.elsewhere:
            readers = [handle.definition for handle in work.reads.values() if handle.definition]
            baggage = baggage.with_plugins(self._code.of([work.call.definition, *readers]))
        if needs := self._needs.of(work.call.definition):
            baggage = baggage.without(own_variables(needs))
        order = Order.of(work, watch.asked, around.job_id, around.workers, baggage)
        remote = self._options(work.planned, watch.asked)
        with self._lock:
            if around.stopped.is_set():
                raise JobStopped(_STOPPED)
            attempt = Attempt(lambda: remote.remote(order), watch.hear, watch.look)
            self._live.add(attempt)
        return attempt

    def _options(self, planned: PlannedStage, asked: Resources) -> Any:
        """The task with all that Ray is asked for. Workers of its items are given the same by Ray itself."""
        needs = self._needs.of(planned.definition)
        given = options(asked) | ({"runtime_env": dict(needs)} if needs else {})
        try:
            return self._remote.options(name=planned.id, **given)
        except (ValueError, TypeError) as error:
            raise not_taken(planned.definition.name, error) from None

    def _told(self, work: Assignment, error: WorkerLost | TimeoutError) -> Exception:
        stage = work.planned.id
        if self._around.stopped.is_set():
            return JobStopped(_STOPPED)
        if isinstance(error, TimeoutError):
            return TimeoutError(f"Stage {stage!r}: {error}")
        self._lost[stage] += 1
        return WorkerLost(f"Stage {stage!r} lost its worker: {error}.", stage=stage, times=self._lost[stage])


class _Watch:
    """What is seen and heard of one attempt. `asked`: what it asks of a node; `needs`: whether its plugin has needs."""

    def __init__(self, work: Assignment, asked: Resources, needs: bool) -> None:
        self._work, self.asked = work, asked
        self._awaited = "room on the cluster" + (", and for what its plugin needs" if needs else "")
        self._nodes = NodeWatch(asked, self._refusal, self._waits)
        self.look = self._nodes.look

    def hear(self, told: Told) -> None:
        work = self._work
        if isinstance(told, Started):
            work.logger.info("Runs on %s, process %d.", told.host, told.pid)
            if self._nodes.waits:
                work.reporter.progress(0, 0, None)
        elif isinstance(told, list):
            hear(told, work.logger, work.reporter)

    def _waits(self) -> None:
        self._work.logger.info("Waits for %s: %s.", self._awaited, described(self.asked))
        self._work.reporter.progress(0, 0, "waits for room")

    def _refusal(self, there: Sequence[Node]) -> UsageError:
        stage = self._work.planned.id
        return UsageError(_too_much(stage, self.asked, there), stage=stage)


_STOPPED = "The job was told to stop. What had ended is kept; the same command goes on from there."


class _Elsewhere(Exception):
    """Where on a worker an error was raised, as its cause."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def envelope_of(end: Done | Raised, key: str) -> Envelope:
    """What a worker gave, or the error that it raised there."""
    if isinstance(end, Done):
        return Envelope.from_bytes(end.envelope, key)
    error = pickle.loads(end.error)  # noqa: S301 - from the stage's own worker, by way of Ray
    raise error from _Elsewhere(end.traceback)


def _too_much(stage: str, asked: Resources, there: Sequence[Node]) -> str:
    return too_much(f"Stage {stage!r}", asked, there, "`resources` of the profile's entry")
