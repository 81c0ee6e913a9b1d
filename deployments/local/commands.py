"""`stagewright up`, `down` and `status`, for the command line to register."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from flows.command.output import print_json
from flows.connections import local_ray
from flows.settings import read_settings

if TYPE_CHECKING:
    from deployments.local.inspection import ServiceStatus

LABELS = {"store": "object store", "prefect": "Prefect server", "ray": "Ray"}
COLOURS = {"running": "green", "outside": "green", "stopped": "yellow", "unreachable": "red"}

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]

WithRay = Annotated[bool, typer.Option("--ray", help="Start a Ray as well, for `run --runner ray`.")]


def up_command(ray: WithRay = False) -> None:
    """Start the object store and the Prefect server on this machine, unless settings name others or they run already.

    `stagewright run` does this by itself. Data lies below $STAGEWRIGHT_HOME (~/.stagewright). What is printed on
    standard output is for the shell: it points the `prefect` command at the server.

    Examples:

        stagewright up

        eval "$(stagewright up)"      # and then: prefect deployment ls

        stagewright up --ray

        STAGEWRIGHT_S3_BUCKET=media stagewright up      # the Prefect server only
    """
    from deployments.local.inspection import without_password
    from deployments.local.lifecycle import up

    settings = read_settings()
    found = up(settings, ray=ray)
    endpoint, api_url = without_password(found.store.endpoint or "AWS"), without_password(found.prefect_api_url)
    typer.echo(f"# Object store: {found.store.url} at {endpoint}")
    local = local_ray(settings) if ray else None
    if local:
        typer.echo(f"# Ray: {local.address}, with the token in {local.token_file}")
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


def status_command(as_json: AsJson = False) -> None:
    """Show which object store, Prefect server and local Ray are used, and whether they answer a real request.

    Exit code 3 if one is named or should run, and does not answer.

    Examples:

        stagewright status

        stagewright status --json
    """
    from deployments.local.inspection import status

    found = status(read_settings())
    if as_json:
        print_json({"services": [dataclasses.asdict(service) for service in found]})
    else:
        _show(found)
    if any(service.state == "unreachable" for service in found):
        raise typer.Exit(3)


def _show(found: Sequence[ServiceStatus]) -> None:
    """A table on a terminal, a line for each service in a pipe."""
    if not sys.stdout.isatty():
        for service in found:
            typer.echo("\t".join((LABELS[service.name], service.state, service.address, service.detail)))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold")
    for heading in ("Service", "State", "Address", "Process", "Detail"):
        table.add_column(heading, overflow="fold")
    for service in found:
        state = Text(service.state, style=COLOURS[service.state])
        pid = str(service.pid or "")
        table.add_row(LABELS[service.name], state, Text(service.address), pid, Text(service.detail))
    Console().print(table)
