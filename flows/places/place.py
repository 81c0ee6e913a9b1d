"""What a place is that carries out stages, and what it is given."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any, ClassVar, Protocol

from flows.graph.plan import PlannedStage
from stages.core.blobs import BlobStore
from stages.core.context import Reporter
from stages.core.envelope import Envelope
from stages.core.execute import StageCall
from stages.core.results import ValueHandle

Logger = logging.Logger | logging.LoggerAdapter[Any]


@dataclass(frozen=True)
class Surroundings:
    """What all stages of one job have around them. `stopped` is set when the job is to end; `client` is the Prefect
    client of the run, for stages in this process."""

    job_id: str
    blobs: BlobStore
    env: Mapping[str, str]
    stopped: Event
    workers: int
    client: Any = None


@dataclass(frozen=True)
class Assignment:
    """One run of one stage, and who listens while it goes."""

    planned: PlannedStage
    call: StageCall
    reads: Mapping[str, ValueHandle]
    logger: Logger
    reporter: Reporter


class Place(Protocol):
    """Carries out stages. Safe to share between the threads of a job's stages."""

    keeps_time: ClassVar[bool]
    """Whether it ends a stage that takes longer than its timeout. Where it does not, Prefect does what it can."""

    def check(self, stages: Sequence[PlannedStage]) -> None:
        """Raise UsageError for a stage that could never run here."""

    def carry_out(self, work: Assignment) -> Envelope:
        """Run the stage. Raises what `execute` raises; WorkerLost, TimeoutError and JobStopped where that happens."""

    def stop(self) -> None:
        """End what runs: the job is to stop."""

    def close(self) -> None:
        """The job is over."""
