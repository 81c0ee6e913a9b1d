"""`stagewright up` and `down`, for the command line to register."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from flows.connections import local_ray
from flows.settings import read_settings

LABELS = {"store": "object store", "prefect": "Prefect server", "ray": "Ray", "worker": "Prefect worker"}

WithRay = Annotated[bool, typer.Option("--ray", help="Start a Ray as well, for `run --runner ray`.")]

WithWorker = Annotated[
    bool, typer.Option("--worker", help="Start a Prefect worker as well, which runs what `stagewright deploy` deploys.")
]


def up_command(ray: WithRay = False, worker: WithWorker = False) -> None:
    """Start the object store and the Prefect server on this machine, unless settings name others or they run already.

    `stagewright run` does this by itself. Data lies below $STAGEWRIGHT_HOME (~/.stagewright). What is printed on
    standard output is for the shell: it points the `prefect` command at the server.

    Examples:

        stagewright up

        eval "$(stagewright up)"      # and then: prefect deployment ls

        stagewright up --ray

        stagewright up --worker       # and then: stagewright deploy

        STAGEWRIGHT_S3_BUCKET=media stagewright up      # the Prefect server only
    """
    from deployments.local.inspection import without_password
    from deployments.local.lifecycle import up
    from deployments.local.prefect_worker import POOL

    settings = read_settings()
    found = up(settings, ray=ray, worker=worker)
    endpoint, api_url = without_password(found.store.endpoint or "AWS"), without_password(found.prefect_api_url)
    typer.echo(f"# Object store: {found.store.url} at {endpoint}")
    local = local_ray(settings) if ray else None
    if local:
        typer.echo(f"# Ray: {local.address}, with the token in {local.token_file}")
    if worker:
        typer.echo(f"# Worker: serves the work pool '{POOL}'; deploy to it with `stagewright deploy`")
    if api_url != found.prefect_api_url:  # it holds a password to keep off screens, and comes from the environment
        typer.echo(f"# Prefect server: {api_url}, as PREFECT_API_URL says")
        return
    typer.echo(f"# Prefect UI: {api_url.rstrip('/').removesuffix('/api')}")
    typer.echo(f"export PREFECT_API_URL={shlex.quote(api_url)}")


def down_command() -> None:
    """Stop the services that `up` or `run` started on this machine. What they hold is kept.

    Examples:

        stagewright down

        STAGEWRIGHT_HOME=/data/stagewright stagewright down
    """
    from deployments.local.lifecycle import down

    stopped = down(read_settings())
    typer.echo(f"Stopped: {', '.join(LABELS[name] for name in stopped)}." if stopped else "Nothing was running.")
