"""`stagewright status`, for the command line to register."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployments.local.commands import LABELS
from flows.command.output import print_json, say
from stages.core.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from deployments.local.inspection import ServiceStatus
    from flows.settings_sources import Sourced

NAMED = LABELS | {"cluster": "Ray cluster"}
COLOURS = {"running": "green", "outside": "green", "stopped": "yellow", "unreachable": "red"}

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def status_command(as_json: AsJson = False) -> None:
    """Show which object store, Prefect server and local Ray are used and whether they answer a real request, and
    whether the head of a Ray cluster that STAGEWRIGHT_RUNNER names listens; then every setting, and where it comes
    from. Secrets are masked.

    Exit code 3 if a service is named or should run, and does not answer; 2 if a setting cannot be used.

    Examples:

        stagewright status

        stagewright status --json
    """
    from deployments.local.inspection import status
    from deployments.local.origins import all_settings, usable_settings

    try:
        settings = usable_settings()
    except UsageError as error:
        _show([], all_settings(), as_json, {"state": "refused", "error": str(error)})
        say(f"Error: {error}")
        raise typer.Exit(error.exit_code) from None
    found = status(settings)
    _show(found, all_settings(settings, found), as_json, {})
    if any(service.state == "unreachable" for service in found):
        raise typer.Exit(3)


def _show(found: Sequence[ServiceStatus], settings: Sequence[Sourced], as_json: bool, more: dict[str, Any]) -> None:
    """Tables on a terminal, a line for each service and setting in a pipe."""
    if as_json:
        services = [dataclasses.asdict(service) for service in found]
        print_json(more | {"services": services, "settings": [dataclasses.asdict(row) for row in settings]})
        return
    rows = [(row.name, _text(row.value), f"{row.origin}: {row.fault}" if row.fault else row.origin) for row in settings]
    if not sys.stdout.isatty():
        states = [(NAMED[service.name], service.state, service.address, service.detail) for service in found]
        typer.echo("\n".join("\t".join(row) for row in (*states, *rows)))
        return
    from rich.console import Console

    tables = [_services(found)] if found else []
    Console().print(*tables, _table(("Setting", "Value", "From"), rows), sep="\n")


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str("" if value is None else value)


def _services(found: Sequence[ServiceStatus]) -> Table:
    from rich.text import Text

    rows = []
    for service in found:
        state = Text(service.state, style=COLOURS[service.state])
        rows.append((NAMED[service.name], state, service.address, str(service.pid or ""), service.detail))
    return _table(("Service", "State", "Address", "Process", "Detail"), rows)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """Nothing in it is cut off, and nothing taken for rich's own marks."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, header_style="bold")
    for heading in headings:
        drawn.add_column(heading, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return drawn
