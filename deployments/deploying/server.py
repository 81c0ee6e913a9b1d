"""The Prefect server's side: what it has of what is wanted, and making the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate, WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import (
    DeploymentSchedule,
    WorkerStatus,
)
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

from deployments.deploying.differences import Change, compare
from deployments.deploying.refusals import refusals
from deployments.deploying.wanted import HOME_TAG, Json, Wanted, WantedSchedule, rhythm_json
from flows.jobs.results import StageStorage
from flows.jobs.stage_task import GPU_TAG
from flows.jobs.storage import NAME, is_saved, save

_PAGE = 200  # the most that the server gives at once


class Server:
    """A Prefect server on which deployments of one work pool are made. With `dry` it is only looked at."""

    def __init__(self, client: SyncPrefectClient, pool: str, folder: str, dry: bool) -> None:
        self._client, self._pool, self._folder, self._dry = client, pool, folder, dry
        self._pool_type = "process"

    def make_pool(self) -> Change:
        """The work pool; one of processes where there is none of that name."""
        try:
            self._pool_type = self._client.read_work_pool(self._pool).type
            return Change(f"work pool {self._pool}", "same")
        except ObjectNotFound:
            if not self._dry:
                template = ProcessWorker.get_default_base_job_template()
                self._client.create_work_pool(
                    WorkPoolCreate(name=self._pool, type="process", base_job_template=template)
                )
            return Change(f"work pool {self._pool}", "create")

    def save_storage(self) -> Change:
        """The block by which results are found again."""
        saved = is_saved(self._client)
        if not saved and not self._dry:
            save()
        return Change(f"storage block {StageStorage._block_type_slug}/{NAME}", "same" if saved else "create")

    def limit_gpus(self, most: int | None) -> Change:
        """How many stages may use a GPU at once, runs all together: one by default, or as many as there were."""
        there: Json | None = None
        with suppress(ObjectNotFound):
            there = {"limit": self._client.read_concurrency_limit_by_tag(GPU_TAG).concurrency_limit}
        wanted = {"limit": most} if most is not None else there or {"limit": 1}
        change = compare(f"concurrency limit of the tag {GPU_TAG}", there, wanted)
        if not self._dry and change.kind != "same":
            self._client.create_concurrency_limit(tag=GPU_TAG, concurrency_limit=wanted["limit"])  # or changes it
        return change

    def deploy(self, wanted: Wanted) -> Change:
        """One deployment. Its own schedule is kept up; others, and whether any is active, are left as they are."""
        there = self._read(wanted.full_name)
        payload, own = self._payload(wanted), wanted.schedule
        found = _own(there, own) if there and own else None
        as_is = _with_rhythm(_as_is(there), found and found.schedule) if there else None
        change = compare(f"deployment {wanted.full_name}", as_is, _with_rhythm(payload, own and own.rhythm))
        if self._dry or change.kind == "same":
            return change
        with refusals(change.what):
            self._make(wanted, payload, there, found)
        return change

    def _make(
        self, wanted: Wanted, payload: Json, there: DeploymentResponse | None, found: DeploymentSchedule | None
    ) -> None:
        own = wanted.schedule
        if there is None:
            flow = self._client.create_flow_from_name(wanted.flow)
            self._client.create_deployment(flow, wanted.name, schedules=[_created(own)] if own else [], **payload)
            return
        self._client.update_deployment(there.id, DeploymentUpdate(**payload))
        if own and found is None:
            self._client.create_deployment_schedules(there.id, [_created(own)])
        elif own and found and rhythm_json(found.schedule) != rhythm_json(own.rhythm):
            self._client.update_deployment_schedule(there.id, found.id, schedule=own.rhythm)

    def unwanted(self, wanted: Sequence[Wanted]) -> list[Change]:
        """Deployments of ours, in this pool, that no profile wants any more: one that was renamed, a schedule that was
        taken out. They still run."""
        ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[HOME_TAG]))
        there = [found for found in self._all(ours) if found.work_pool_name == self._pool]
        flows = {id: self._client.read_flow(id).name for id in {deployment.flow_id for deployment in there}}
        names = {f"{flows[deployment.flow_id]}/{deployment.name}" for deployment in there}
        return [Change(f"deployment {name}", "unwanted") for name in sorted(names - {one.full_name for one in wanted})]

    def _all(self, chosen: DeploymentFilter) -> Iterator[DeploymentResponse]:
        offset = 0
        while page := self._client.read_deployments(deployment_filter=chosen, limit=_PAGE, offset=offset):
            yield from page
            offset += len(page)

    def is_served(self) -> bool:
        """Whether a worker waits for runs of the pool."""
        workers = self._client.request(
            "POST", "/work_pools/{work_pool_name}/workers/filter", path_params={"work_pool_name": self._pool}
        )
        return any(worker["status"] == WorkerStatus.ONLINE.value for worker in workers.json())

    def _read(self, name: str) -> DeploymentResponse | None:
        try:
            return self._client.read_deployment_by_name(name)
        except ObjectNotFound:
            return None

    def _pull_steps(self) -> list[Json]:
        """Runs of processes begin in this folder, so that relative paths are found; elsewhere the image decides."""
        if self._pool_type != "process":
            return []
        return [{"prefect.deployments.steps.set_working_directory": {"directory": self._folder}}]

    def _payload(self, wanted: Wanted) -> Json:
        """What the API is given, and what the deployment is compared with."""
        return {
            "entrypoint": wanted.entrypoint,
            "description": wanted.description,
            "tags": sorted(wanted.tags),
            "work_pool_name": self._pool,
            "concurrency_limit": wanted.limit,
            "concurrency_options": {"collision_strategy": wanted.collision},
            "parameters": wanted.parameters,
            "job_variables": wanted.job_variables,
            "pull_steps": self._pull_steps(),
            "enforce_parameter_schema": True,
            "parameter_openapi_schema": wanted.form,
        }


def _as_is(there: DeploymentResponse) -> Json:
    """The same of a deployment that is there; a limit stands in an object of its own."""
    limit, options = there.global_concurrency_limit, there.concurrency_options
    return {
        "entrypoint": there.entrypoint,
        "description": there.description or "",
        "tags": sorted(there.tags),
        "work_pool_name": there.work_pool_name,
        "concurrency_limit": limit.limit if limit else None,
        "concurrency_options": {"collision_strategy": options.collision_strategy.value} if options else None,
        "parameters": there.parameters,
        "job_variables": there.job_variables,
        "pull_steps": there.pull_steps or [],
        "enforce_parameter_schema": there.enforce_parameter_schema,
        "parameter_openapi_schema": there.parameter_openapi_schema or {},
    }


def _with_rhythm(payload: Json, schedule: Any) -> Json:
    """Beside it, when it runs by itself: a schedule is made and changed by requests of its own."""
    return {**payload, "schedule": rhythm_json(schedule) if schedule else None}


def _created(schedule: WantedSchedule) -> DeploymentScheduleCreate:
    return DeploymentScheduleCreate(schedule=schedule.rhythm, active=schedule.active, slug=schedule.name)


def _own(there: DeploymentResponse, schedule: WantedSchedule) -> DeploymentSchedule | None:
    return next((found for found in there.schedules if found.slug == schedule.name), None)
