"""The Prefect server's side: what it has of what is wanted, and making the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate, WorkPoolCreate
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions, WorkerStatus
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

from deployments.deploying.differences import Change, compare
from deployments.deploying.wanted import Json, Wanted, rhythm_json
from flows.jobs.results import StageStorage
from flows.jobs.storage import NAME

GPU_TAG = "gpu"  # of the tasks that ask for a GPU: flows.jobs.stage_task


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
        what = f"storage block {StageStorage._block_type_slug}/{NAME}"
        try:
            self._client.read_block_document_by_name(NAME, str(StageStorage._block_type_slug))
            return Change(what, "same")
        except ObjectNotFound:
            if not self._dry:
                StageStorage().save(NAME, overwrite=True, _sync=True)  # type: ignore[call-arg]
            return Change(what, "create")

    def limit_gpus(self) -> Change:
        """How many stages may use a GPU at once, runs all together. One that is there is the operator's."""
        what = f"concurrency limit of the tag {GPU_TAG}"
        try:
            self._client.read_concurrency_limit_by_tag(GPU_TAG)
            return Change(what, "same")
        except ObjectNotFound:
            if not self._dry:
                self._client.create_concurrency_limit(tag=GPU_TAG, concurrency_limit=1)
            return Change(what, "create")

    def deploy(self, wanted: Wanted) -> Change:
        """One deployment. Its own schedules are kept up; others, and whether any is active, are left as they are."""
        there = self._read(wanted.full_name)
        own = {schedule.name for schedule in wanted.schedules}
        change = compare(
            f"deployment {wanted.full_name}", _as_is(there, own) if there else None, self._as_wanted(wanted)
        )
        if self._dry or change.kind == "same":
            return change
        if there is None:
            flow = self._client.create_flow_from_name(wanted.flow)
            made = self._client.create_deployment(flow, wanted.name, **self._payload(wanted))
            there = self._client.read_deployment(made)
        else:
            self._client.update_deployment(there.id, DeploymentUpdate(**self._payload(wanted)))
        self._schedule(wanted, there)
        return change

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
        """Runs of processes begin in this folder, so that paths and modules beside it are found; elsewhere the image
        decides."""
        if self._pool_type != "process":
            return []
        return [{"prefect.deployments.steps.set_working_directory": {"directory": self._folder}}]

    def _as_wanted(self, wanted: Wanted) -> Json:
        return {
            "entrypoint": wanted.entrypoint,
            "description": wanted.description,
            "tags": sorted(wanted.tags),
            "work_pool": self._pool,
            "limit": wanted.limit,
            "collision": wanted.collision,
            "parameters": wanted.parameters,
            "job_variables": wanted.job_variables,
            "pull_steps": self._pull_steps(),
            "enforces_form": True,
            "form": wanted.form,
            "schedules": {schedule.name: schedule.to_json() for schedule in wanted.schedules},
        }

    def _payload(self, wanted: Wanted) -> dict[str, Any]:
        return {
            "entrypoint": wanted.entrypoint,
            "description": wanted.description,
            "tags": list(wanted.tags),
            "work_pool_name": self._pool,
            "concurrency_limit": wanted.limit,
            "concurrency_options": ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy(wanted.collision)),
            "parameters": wanted.parameters,
            "job_variables": wanted.job_variables,
            "pull_steps": self._pull_steps(),
            "enforce_parameter_schema": True,
            "parameter_openapi_schema": wanted.form,
        }

    def _schedule(self, wanted: Wanted, there: DeploymentResponse) -> None:
        known = {schedule.slug: schedule for schedule in there.schedules}
        for schedule in wanted.schedules:
            if (found := known.get(schedule.name)) is None:
                made = DeploymentScheduleCreate(
                    schedule=schedule.rhythm,
                    active=schedule.active,
                    parameters=schedule.parameters,
                    slug=schedule.name,
                )
                self._client.create_deployment_schedules(there.id, [made])
            elif schedule.to_json() != _schedule_json(found):
                self._client.update_deployment_schedule(
                    there.id, found.id, schedule=schedule.rhythm, parameters=schedule.parameters
                )


def _as_is(there: DeploymentResponse, schedules: set[str]) -> Json:
    limit, options = there.global_concurrency_limit, there.concurrency_options
    return {
        "entrypoint": there.entrypoint,
        "description": there.description or "",
        "tags": sorted(there.tags),
        "work_pool": there.work_pool_name,
        "limit": limit.limit if limit else None,
        "collision": options.collision_strategy.value if options else None,
        "parameters": there.parameters,
        "job_variables": there.job_variables,
        "pull_steps": there.pull_steps or [],
        "enforces_form": there.enforce_parameter_schema,
        "form": there.parameter_openapi_schema or {},
        "schedules": {found.slug: _schedule_json(found) for found in there.schedules if found.slug in schedules},
    }


def _schedule_json(found: Any) -> Mapping[str, Any]:
    return {**rhythm_json(found.schedule), "parameters": found.parameters}
