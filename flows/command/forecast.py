"""`stagewright plan` with a look into the store: what is kept, what would run, and why. Nothing is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from flows.command.output import say
from flows.command.starting import open_store, ready
from flows.graph.plan import Plan
from flows.jobs.job import new_job_id, open_job
from flows.jobs.listings import need_server, with_listings
from flows.jobs.stage_work import StageWork
from stages.core.results import StageResult


@dataclass(frozen=True)
class Forecast:
    """What a run would do with one stage. `open`: that depends on what the stages before it write."""

    id: str
    status: Literal["kept", "run", "open"]
    why: str
    key: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As `--json` shows it."""
        return asdict(self)


def forecast(plan: Plan, addresses: Mapping[str, str]) -> list[Forecast]:
    """What a run would do now, stage by stage. Raises what opening the inputs and looking into the store raise."""
    if need_server(plan):
        ready(say)
    settings, blobs = open_store(say)
    plan = with_listings(plan)
    job = open_job(plan, new_job_id(plan.profile.name), addresses, settings, blobs)
    results: dict[str, StageResult] = {}
    made = []
    for planned in plan.stages:
        work = StageWork(job, planned, refresh=False)
        if unknown := sorted(planned.upstream - set(results)):
            made.append(Forecast(planned.id, "open", f"depends on what {', '.join(unknown)} will write"))
            continue
        if (kept := work.kept(results)) is not None:
            results[planned.id] = kept
            made.append(Forecast(planned.id, "kept", f"made by job {kept.envelope.job}", kept.envelope.key))
        else:
            made.append(_why(work, work.key_of(results)))
    job.place.close()
    return made


def _why(work: StageWork, key: str) -> Forecast:
    if work.refresh:
        return Forecast(work.planned.id, "run", "is never kept", key)
    if work.job.checkpoints.read(key) is not None:
        return Forecast(work.planned.id, "run", "its blobs are gone or damaged", key)
    return Forecast(work.planned.id, "run", "has no result for these settings, this code and what it reads", key)
