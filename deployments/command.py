"""The `stagewright` command as it is installed: the flows' commands, with the local services behind them."""

from __future__ import annotations

import gc
import sys

import click

from deployments.local.commands import down_command, status_command, up_command
from flows.command.app import app
from flows.command.output import refuse
from flows.command.starting import Say, use_starter
from flows.connections import Connections
from flows.settings import Settings
from stages.core.errors import UsageError

app.command(name="up")(up_command)
app.command(name="down")(down_command)
app.command(name="status")(status_command)


def _start(settings: Settings, say: Say) -> Connections:
    from deployments.local import up

    return up(settings, say)


def main() -> None:
    """Run the command line. Wrong use ends with 2 and says how it is meant, as JSON where JSON was asked for."""
    gc.set_threshold(100_000, 50, 50)  # a fifth of the start went into looking through modules that stay anyway
    use_starter(_start)
    try:
        code = app(standalone_mode=False)
    except click.ClickException as error:
        code = _wrong_use(error)
    except click.exceptions.Abort:
        code = 130
    sys.exit(code or 0)


def _wrong_use(error: click.ClickException) -> int:
    if "--json" in sys.argv:
        return refuse(UsageError(error.format_message()), True)
    error.show()
    return 2
