"""The deployment that is started for each object, and its runs, on the Prefect server. Only here its API is known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound

from flows.watch.ends import RunEnd
from flows.watch.look import Refused
from flows.watch.note import JOB_PARAMETER, State
from stages.core.digests import digest_of_json
from stages.core.errors import ServiceError, ServiceUnreachable, UsageError
from stages.core.suggest import did_you_mean

_ENDS: dict[StateType, State] = {
    StateType.COMPLETED: "done",
    StateType.FAILED: "failed",
    StateType.CRASHED: "crashed",
    StateType.CANCELLED: "cancelled",
}
_REFUSALS = (400, 409, 422)  # parameters that cannot be filled in, or are not what the deployment's schema says
_PAGE = 100  # runs a request; the server gives 200 at most
_RAISED = "Flow run encountered an exception: "


class DeployedRuns:
    """The runs of one deployment of a profile; see `flows.watch.look.StartsRuns`."""

    def __init__(
        self, client: SyncPrefectClient, found: DeploymentResponse, name: str, input: str, parameters: Mapping[str, Any]
    ) -> None:
        self.deployment = name
        self.asked = digest_of_json([input, dict(parameters), found.parameters, found.parameter_openapi_schema])
        self._client, self._id = client, found.id
        self._input, self._parameters = input, parameters

    def start(self, uri: str, job_id: str, key: str) -> str:
        """The id of the run with that key, created where there is none. Raises Refused, ServiceError, UsageError."""
        with _told(self.deployment):
            run = self._client.create_flow_run_from_deployment(
                self._id,
                parameters={**self._parameters, self._input: uri, JOB_PARAMETER: job_id},
                name=job_id,
                tags=["watch"],
                idempotency_key=key,
            )
        return str(run.id)

    def ends(self, flow_run_ids: Collection[str]) -> dict[str, RunEnd]:
        """What became of these runs; those that the server does not know are left out."""
        ids, found = [UUID(id) for id in flow_run_ids], list[FlowRun]()
        with _told(self.deployment):
            for at in range(0, len(ids), _PAGE):
                chosen = FlowRunFilter(id=FlowRunFilterId(any_=ids[at : at + _PAGE]))
                found += self._client.read_flow_runs(flow_run_filter=chosen, limit=_PAGE)
        return {str(run.id): _end(run) for run in found}


@contextmanager
def runs_of(deployment: str, input: str, parameters: Mapping[str, Any]) -> Iterator[DeployedRuns]:
    """The runs of a deployment that is given an address as `input`, and these parameters beside it.

    Raises UsageError where there is no such deployment, or its flow has no such parameters; ServiceError.
    """
    with get_client(sync_client=True) as client:
        with _told(deployment):
            found = client.read_deployment_by_name(deployment)
        _check(found, deployment, input, parameters)
        yield DeployedRuns(client, found, deployment, input, parameters)


def _check(found: DeploymentResponse, name: str, input: str, parameters: Mapping[str, Any]) -> None:
    """What would be wrong with every object is told once, and no object is to blame."""
    known = set((found.parameter_openapi_schema or {}).get("properties", {}))
    if JOB_PARAMETER not in known:
        raise UsageError(
            f"{name!r} is no deployment of a profile: its flow has no parameter {JOB_PARAMETER!r}.", deployment=name
        )
    for parameter in (input, *parameters):
        if parameter not in known:
            meant = did_you_mean(parameter, known)
            raise UsageError(f"The flow of {name!r} has no parameter {parameter!r}{meant}", deployment=name)
    if own := {input, JOB_PARAMETER} & set(parameters):
        raise UsageError(f"{min(own)!r} is set for each object; leave it out of `parameters`.", deployment=name)


@contextmanager
def _told(deployment: str) -> Iterator[None]:
    try:
        yield
    except ObjectNotFound as error:
        raise _missing(deployment) from error
    except httpx.HTTPStatusError as error:
        status, problem = error.response.status_code, _detail(error.response)
        if status == 404:
            raise _missing(deployment) from error
        if status in _REFUSALS:
            raise Refused(f"{deployment!r} does not take the parameters: {problem}", deployment=deployment) from error
        raise ServiceError(f"The Prefect server answered {status}: {problem}") from error
    except httpx.HTTPError as error:
        problem = f"The Prefect server does not answer ({type(error).__name__}: {error})."
        raise ServiceUnreachable(problem + " `stagewright status` shows what can be reached.") from error


def _missing(deployment: str) -> UsageError:
    problem = f"There is no deployment {deployment!r}. `prefect deployment ls` shows those that there are."
    return UsageError(problem, deployment=deployment)


def _detail(answer: httpx.Response) -> str:
    try:
        told = answer.json()
    except ValueError:
        return answer.text[:500]
    return str(told.get("detail", told) if isinstance(told, dict) else told)


def _end(run: FlowRun) -> RunEnd:
    state = run.state
    if state is None or state.type not in _ENDS:
        return RunEnd("started")
    ended = run.end_time or state.timestamp
    error = None if state.is_completed() else (state.message or state.name or "").removeprefix(_RAISED)
    return RunEnd(_ENDS[state.type], error, ended.isoformat(timespec="milliseconds"))
