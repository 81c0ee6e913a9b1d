"""The flow `batch`: a profile on many inputs, each a job and a run of its own below this one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import FlowRun, State
from prefect.flows import Flow
from prefect.runtime import flow_run
from prefect.states import Cancelled, Failed
from pydantic import Field

from flows.batch.item import sentence
from flows.batch.order import AT_ONCE, Order
from flows.batch.run import run_batch
from flows.jobs.running import unmark
from flows.load import load_profile
from flows.settings import read_settings
from stages.core.discovery import load_stages
from stages.core.errors import JobStopped

Name = Annotated[str, Field(min_length=1)]


def _has_ended(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """A run that crashed keeps its mark: some of what is below it may still be open."""
    unmark(read_settings(), str(flow_run.id))


@flow(
    name="batch",
    description="Runs a profile on many inputs: each is a job of its own, and one that fails stops no other.",
    flow_run_name="batch of {profile}",
    persist_result=False,
    on_completion=[_has_ended],
    on_failure=[_has_ended],
)
def batch(
    profile: Name,
    inputs: dict[str, list[Name]] = {},  # noqa: B006 - Prefect's form shows it; nothing changes it
    settings: dict[str, dict[str, Any]] = {},  # noqa: B006 - likewise
    enabled: dict[str, bool] = {},  # noqa: B006 - likewise
    at_once: Annotated[int, Field(ge=1, le=256)] = AT_ONCE,
    errors_only: bool = False,
    batch_id: str = "",
    label: Annotated[str, Field(max_length=200)] = "",
    runner: str = "",
) -> dict[str, Any]:
    """Run it; what its manifest says. What stands here is what the form shows.

    Args:
        profile: The profile's name, or its file
        inputs: What it is run on, as `{"video": ["s3://bucket/films/*.mp4"]}`: addresses, patterns, folders, and lists
            (`@s3://bucket/films.txt`)
        settings: Settings by stage, as `{"match_brands": {"threshold": 90}}`
        enabled: Stages that are switched on or off, as `{"escalate": true}`
        at_once: Most jobs that run at the same time (at least 1, at most 256)
        errors_only: Run again what failed in the batch before, with its settings, and nothing else
        batch_id: Name of the batch; by default it follows from what is asked, so that the same goes on where it was
        label: What people call the batch; stands in the manifests and reports of its jobs
        runner: Where stages run: threads, ray, auto or HOST:PORT; by default as STAGEWRIGHT_RUNNER says
    """
    own = read_settings()
    load_stages(own.stage_modules)
    order = Order(inputs, settings, enabled, at_once, errors_only, batch_id, label)
    chosen = load_profile(profile, [Path(folder) for folder in own.profiles])
    try:
        made = run_batch(chosen, order, runner or own.runner, str(flow_run.get_id()), get_run_logger().info)
    except JobStopped as stopped:
        return cast(dict[str, Any], Cancelled(message=str(stopped)))  # a state, which Prefect takes for the run's own
    if made.state == "failed":
        return cast(dict[str, Any], Failed(message=f"Batch {made.batch_id} of {sentence(made)}."))
    return made.to_json()
