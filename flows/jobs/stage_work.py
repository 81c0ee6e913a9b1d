"""What is done for one stage of a job, whoever schedules it: its key, what is kept under it, else the run itself."""

from __future__ import annotations

from collections.abc import Mapping

from flows.graph.plan import PlannedStage
from flows.jobs.board import BoardReporter
from flows.jobs.job import Job
from flows.places.place import Assignment, Logger
from stages.core.errors import JobStopped
from stages.core.execute import StageCall, checkpoint_key
from stages.core.results import StageResult, ValueHandle
from stages.core.stage_version import stage_version


class StageWork:
    """One stage of one job. `upstream` are the results of the stages it waits for, by id."""

    def __init__(self, job: Job, planned: PlannedStage, refresh: bool) -> None:
        self.job, self.planned, self.refresh = job, planned, refresh or not planned.definition.pure
        self.version = stage_version(planned.definition)

    def reads(self, upstream: Mapping[str, StageResult]) -> dict[str, ValueHandle]:
        """A handle for each key the stage reads, by its own name for it."""
        return {
            key: self.job.inputs[source.key] if source.stage is None else upstream[source.stage].value(source.key)
            for key, source in self.planned.reads.items()
        }

    def key_of(self, upstream: Mapping[str, StageResult]) -> str:
        """Where the result for these results lies."""
        digests = {key: handle.digest for key, handle in self.reads(upstream).items()}
        planned = self.planned
        return checkpoint_key(planned.definition, self.version, planned.config, digests, self.job.job_id)

    def kept(self, upstream: Mapping[str, StageResult]) -> StageResult | None:
        """The whole result that is kept, unless the stage is to run anyway. Raises what finding it raises."""
        found = None if self.refresh else self.job.checkpoints.find(self.key_of(upstream))
        return None if found is None else StageResult(found, self.planned.definition, kept=True)

    def run(self, upstream: Mapping[str, StageResult], logger: Logger) -> StageResult:
        """The kept result, or else a new one, stored. Raises what the stage or the store raises.

        Not knowing whether there is a result is never a miss: the error of the look-up is raised.
        """
        if self.job.stopped.is_set():
            raise JobStopped("Not run: the job was told to stop.", stage=self.planned.id)
        if (kept := self.kept(upstream)) is not None:
            return kept
        self.job.board.begin(self.planned.id)
        definition = self.planned.definition
        call = StageCall(definition, self.planned.config, self.version, self.key_of(upstream))
        logger, reporter = self.job.board.heard(logger), BoardReporter(self.job.board, self.planned.id)
        envelope = self.job.place.carry_out(Assignment(self.planned, call, self.reads(upstream), logger, reporter))
        self.job.checkpoints.keep(envelope)
        result = StageResult(envelope, definition)
        self.job.board.end(self.planned.id, result)
        return result
