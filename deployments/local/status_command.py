"""`stagewright status`, for the command line to register."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.local.commands import LABELS
from flows.command.output import print_json
from flows.settings import read_settings

if TYPE_CHECKING:
    from deployments.local.inspection import ServiceStatus

COLOURS = {"running": "green", "outside": "green", "stopped": "yellow", "unreachable": "red"}

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


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
