"""What is known of a running job, for whoever watches: the terminal, the Prefect run, the manifest."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeVar

from flows.graph.plan import Plan
from stages.core.context import Reporter
from stages.core.results import StageResult

T = TypeVar("T")
Logger = logging.Logger | logging.LoggerAdapter[Any]

Status = Literal["waiting", "running", "ran", "kept", "skipped", "failed"]


@dataclass
class StageStatus:
    """One stage of a job. `seconds` it ran (or had run, where it was kept), `bytes` of what it wrote."""

    id: str
    stage: str
    status: Status = "waiting"
    seconds: float = 0.0
    bytes: int = 0
    key: str | None = None
    error: str | None = None
    summary: dict[str, Any] = field(default_factory=dict)
    failed_items: int = 0
    current: float = 0
    total: float = 0
    category: str | None = None
    started: float | None = None
    result: StageResult | None = None

    @property
    def ended(self) -> bool:
        return self.status in ("ran", "kept", "skipped", "failed")

    def to_json(self) -> dict[str, Any]:
        """As `--json` and the manifest show it."""
        keys = ("id", "stage", "status", "seconds", "bytes", "key", "error", "summary", "failed_items")
        whole = asdict(self) if self.result is None else {k: getattr(self, k) for k in keys}
        return {k: whole[k] for k in keys}


Listener = Callable[["Board", StageStatus], None]


class Board:
    """The stages of one job and how they stand. Every change is told to the listeners, in the thread it happens in."""

    def __init__(self, plan: Plan, job_id: str) -> None:
        self.plan, self.job_id = plan, job_id
        running = {stage.id for stage in plan.stages}  # an entry that is switched off is skipped from the start
        self.stages = {
            entry.id: StageStatus(entry.id, entry.stage, "waiting" if entry.id in running else "skipped")
            for entry in plan.profile.stages
        }
        self.flow_run_id: str | None = None
        self._hearers = _hearing.get()
        self.reporters = [reporter for reporter, _ in self._hearers]
        self._listeners: list[Listener] = list(_watching.get())
        self._lock = threading.Lock()

    def listen(self, listener: Listener) -> None:
        """Tell `listener` of every change from now on."""
        self._listeners.append(listener)

    def heard(self, logger: Logger) -> Logger:
        """The logger of a stage: its lines go to those who hear the job's stages as well."""
        if not self._hearers:
            return logger
        made = logging.Logger("stagewright.stage", logging.DEBUG)
        for place in (logger, *(lines for _, lines in self._hearers)):
            made.addHandler(_PassedOn(place))
        return made

    def begin(self, id: str) -> None:
        """The stage's function starts (again, on a retry)."""
        self._set(id, status="running", started=time.monotonic(), current=0, total=0, category=None)

    def progress(self, id: str, current: float, total: float, category: str | None) -> None:
        """The stage has said how far it is."""
        self._set(id, current=current, total=total, category=category)

    def end(self, id: str, result: StageResult) -> None:
        """The stage has a result: made now, or kept."""
        envelope = result.envelope
        self._set(
            id,
            status="kept" if result.kept else "ran",
            seconds=envelope.seconds,
            bytes=envelope.size,
            key=envelope.key,
            summary=dict(envelope.summary),
            failed_items=int(envelope.failed.get("count", 0)),
            result=result,
        )

    def fail(self, id: str, error: str) -> None:
        """The stage has ended without a result."""
        started = self.stages[id].started
        self._set(id, status="failed", error=error, seconds=round(time.monotonic() - started, 3) if started else 0.0)

    def close(self, why: str) -> None:
        """The job is over, whatever its stages were doing."""
        for stage in self.stages.values():
            if stage.status == "running":
                self.fail(stage.id, why)
            elif stage.status == "waiting":
                self.skip(stage.id)

    def skip(self, id: str) -> None:
        """The stage will not run, since one before it failed."""
        self._set(id, status="skipped")

    def _set(self, id: str, **changes: Any) -> None:
        stage = self.stages[id]
        with self._lock:
            for name, value in changes.items():
                setattr(stage, name, value)
        for listener in self._listeners:
            listener(self, stage)


class _PassedOn(logging.Handler):
    """Logs to another logger what it is given."""

    def __init__(self, to: Logger) -> None:
        super().__init__()
        self._to = to

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._to.log(record.levelno, "%s", self.format(record))
        except Exception:  # noqa: BLE001 - as logging itself does it
            self.handleError(record)


class BoardReporter:
    """What a stage says through its context, put on the board and passed on to who hears the job's stages."""

    def __init__(self, board: Board, id: str) -> None:
        self._board, self._id = board, id

    def progress(self, current: float, total: float, category: str | None) -> None:
        """See Reporter."""
        self._board.progress(self._id, current, total, category)
        if current or total:  # that it waits for room is no word of the stage: 0 of 0 is how its place says it
            for hearer in self._board.reporters:
                hearer.progress(current, total, category)

    def metrics(self, value: Mapping[str, Any], category: str) -> None:
        """See Reporter. They are kept in the envelope by the context itself."""
        for hearer in self._board.reporters:
            hearer.metrics(value, category)

    def event(self, name: str, data: Mapping[str, Any], file: str | None) -> None:
        """See Reporter. The line of the log that belongs to it is the context's own."""
        for hearer in self._board.reporters:
            hearer.event(name, data, file)


_watching: ContextVar[tuple[Listener, ...]] = ContextVar("watching", default=())
_hearing: ContextVar[tuple[tuple[Reporter, Logger], ...]] = ContextVar("hearing", default=())


def watching(listener: Listener) -> AbstractContextManager[None]:
    """Every job that starts in this context tells `listener` how it goes."""
    return _also(_watching, listener)


def hearing(reporter: Reporter, logger: Logger) -> AbstractContextManager[None]:
    """What the stages of every job that starts in this context say and log, `reporter` and `logger` are told too, in
    the stages' threads. Of a result that is kept nothing is said; its envelope, of which `watching` tells, has its
    metrics."""
    return _also(_hearing, (reporter, logger))


@contextmanager
def _also(who: ContextVar[tuple[T, ...]], one: T) -> Iterator[None]:
    token = who.set((*who.get(), one))
    try:
        yield
    finally:
        who.reset(token)
