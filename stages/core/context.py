"""What a running stage can say to the outside, and the machine's hands that it may use."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from stages.core.environment import PluginEnvironment
from stages.core.errors import CheckpointError, InputError, JobStopped, ServiceError, TooManyFailedItems
from stages.core.kept_files import KeptFile, keep_file
from stages.core.progress import WeightedProgress
from stages.core.spread import FailedItem, SerialSpread, Spread, inside

if TYPE_CHECKING:
    from stages.core.blobs import BlobStore
    from stages.core.definition import StageDefinition

T = TypeVar("T")
R = TypeVar("R")

ITEM_LOGGER = "stagewright.items"
"""The logger of items that run in another process than their stage; who runs them there passes on what it hears."""


class Reporter(Protocol):
    """Who listens to a stage: the terminal, the Prefect run, a test."""

    def progress(self, current: float, total: float, category: str | None) -> None: ...
    def metrics(self, value: Mapping[str, Any], category: str) -> None: ...
    def event(self, name: str, data: Mapping[str, Any], file: str | None) -> None: ...


class Silence:
    """A reporter that tells nobody."""

    def progress(self, current: float, total: float, category: str | None) -> None:
        """Nothing."""

    def metrics(self, value: Mapping[str, Any], category: str) -> None:
        """Nothing."""

    def event(self, name: str, data: Mapping[str, Any], file: str | None) -> None:
        """Nothing."""


class Deferred:
    """A client that is made when a stage first asks for it: importing its library alone may take a second."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._lock, self._made = make, Lock(), list[Any]()

    def get(self) -> Any:
        """The client, the same one for all who ask."""
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]


class RuntimeContext:
    """Handed to every stage as `ctx`.

    logger        where to log
    env           the environment of the job or plugin: a PluginEnvironment, which is a mapping
    job_id        the job that runs; must not end up in what the stage writes
    client        a Prefect client, where there is one (given as it is, or Deferred)
    agent_client  a Ray job client, where there is one (likewise)
    checkpoint    description of a pretrained model, where one was chosen (not a stored result)
    input         what an action reads; set for actions only
    """

    input: Any = None

    def __init__(
        self,
        logger: logging.Logger | logging.LoggerAdapter[Any],
        env: Mapping[str, Any],
        job_id: str | None = None,
        client: Any = None,
        agent_client: Any = None,
        checkpoint: Any = None,
        *,
        reporter: Reporter | None = None,
        spread: Spread | None = None,
        stopped: Event | None = None,
    ) -> None:
        self.logger, self.env, self.job_id = logger, _as_environment(env), job_id
        self._client, self._agent_client, self.checkpoint = client, agent_client, checkpoint
        self.failed_items: list[FailedItem] = []
        self.gathered_metrics: dict[str, dict[str, Any]] = {}
        self.kept_files: list[KeptFile] = []
        self._defaults: dict[str, str] = {}
        self._progress = WeightedProgress({})
        self._blobs: BlobStore | None = None
        self._reporter: Reporter = reporter or Silence()
        self._spread: Spread = spread or SerialSpread()
        self._stopped = stopped or Event()

    def __reduce__(self) -> tuple[Any, ...]:
        """With an item it goes to another process as one that can log there, and tells of no progress of its own."""
        return _of_items, (self.job_id, self._defaults)

    def begin(self, definition: StageDefinition, blobs: BlobStore) -> None:
        """Make this the context of a stage: its environment, the weights of its progress, a place for its files."""
        self._defaults = dict(definition.env)
        if definition.env:
            self.env = PluginEnvironment(definition.env, source="the plugin's config").merge(self.env)
        self._progress = WeightedProgress(definition.progress)
        self._blobs = blobs

    @contextmanager
    def weighing(self, weights: Mapping[str, float]) -> Iterator[None]:
        """Meanwhile the weights of categories of progress are these; what was told before is there again after it."""
        kept, self._progress = self._progress, WeightedProgress(weights)
        try:
            yield
        finally:
            self._progress = kept

    @property
    def client(self) -> Any:
        """A Prefect client; None where there is none."""
        return self._client.get() if isinstance(self._client, Deferred) else self._client

    @property
    def agent_client(self) -> Any:
        """A Ray job client; None where there is none."""
        return self._agent_client.get() if isinstance(self._agent_client, Deferred) else self._agent_client

    def log(self, event: str, data: Mapping[str, Any], file: str | Path | None = None) -> None:
        """Tell that something happened, in words that a program reads; `file` is a path that belongs to it, whose
        content is kept with the stage's result."""
        self.logger.info("%s %s", event, dict(data))
        if file is not None and self._blobs is not None:
            self._keep(event, Path(file), self._blobs)
        self._reporter.event(event, data, None if file is None else str(file))

    def _keep(self, event: str, file: Path, blobs: BlobStore) -> None:
        """A file that cannot be kept is told of and does not end the stage: it is no result."""
        try:
            self.kept_files.append(keep_file(event, file, blobs))
        except InputError as error:
            self.logger.warning("Not kept with the result: %s", error)

    def log_message(self, message: str, level: str = "info") -> None:
        """A line for the people who watch."""
        self.logger.log(logging.getLevelNamesMapping().get(level.upper(), logging.INFO), message)

    def log_dev_event(self, message: str, data: Mapping[str, Any] | None = None) -> None:
        """A line for whoever wrote the stage; shown at debug level only."""
        self.logger.debug("%s %s", message, dict(data or {}))

    def end_log(self) -> None:
        """Say that nothing more will come."""
        self._reporter.event("end", {}, None)

    def set_progress(self, current: float, total: float, category: str | None = None) -> None:
        """How far the stage is: `current` of `total`, in units of its own. Raises JobStopped when the job is to end."""
        if self._stopped.is_set():
            raise JobStopped("The job was told to stop. What had ended is kept; the same command goes on from there.")
        self._reporter.progress(*self._progress.whole(current, total, category), category)

    def set_metrics(self, value: Mapping[str, Any], category: str) -> None:
        """Figures of this run (loss, accuracy…), shown beside the result and kept in the envelope."""
        self.gathered_metrics.setdefault(category, {}).update(value)
        self._reporter.metrics(value, category)

    def map(
        self,
        fn: Callable[..., R],
        items: Iterable[T],
        *,
        setup: Callable[[], Any] | None = None,
        in_flight: int | None = None,
        max_failed: int = 0,
    ) -> Iterator[R | FailedItem]:
        """Spread items over the run's workers; results come in the order of the items, while later ones still run.

        `fn(item)`, or `fn(made, item)` where `setup()` makes something dear once a worker (a loaded model). At most
        `in_flight` items are taken ahead of what was consumed. An item that raises comes back as a FailedItem, is
        counted in `failed_items`, and ends the stage when there are more than `max_failed`: TooManyFailedItems. Faults
        of the store and of checkpoints, and the job's end, are never an item's own and are raised as they are.
        """
        total = len(items) if isinstance(items, Sized) else None
        failed: list[FailedItem] = []
        spread = SerialSpread() if inside.get() else self._spread
        for done, result in enumerate(spread.map(fn, items, setup=setup, in_flight=in_flight), 1):
            if isinstance(result, FailedItem):
                failed.append(result)
                self._note_failed(failed, max_failed)
            yield result
            self.set_progress(done, total or 0)

    def _note_failed(self, failed: list[FailedItem], max_failed: int) -> None:
        first, item = failed[0], failed[-1]
        if isinstance(item.error, (ServiceError, CheckpointError, JobStopped)):
            raise item.error
        self.failed_items.append(item)
        if len(failed) > max_failed:
            count = len(failed)
            raise TooManyFailedItems(
                f"{count} item(s) failed, more than the limit of {max_failed}; the first, item {first.index}: {first}",
                failed=count,
                limit=max_failed,
            ) from item.error


def _as_environment(env: Mapping[str, Any]) -> PluginEnvironment:
    return env if isinstance(env, PluginEnvironment) else PluginEnvironment(env, source="the environment")


def _of_items(job_id: str | None, defaults: Mapping[str, str]) -> RuntimeContext:
    return RuntimeContext(logging.getLogger(ITEM_LOGGER), {**defaults, **os.environ}, job_id)
