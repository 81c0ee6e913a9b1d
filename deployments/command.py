"""The `stagewright` command as it is installed: the flows' commands, with the local services behind them."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import nullcontext
from types import FrameType
from typing import Any

import typer

from deployments.deploying.command import deploy_command
from deployments.local.commands import down_command, up_command
from deployments.local.status_command import status_command
from flows.command.app import app
from flows.command.output import document_alone, guarded, telling
from flows.command.plugin_app import plugin_app
from flows.command.starting import Say, use_starter
from flows.settings import Settings
from stages.core.errors import ServiceUnreachable, UsageError

app.command(name="up")(up_command)
app.command(name="deploy")(deploy_command)
app.command(name="down")(down_command)
app.command(name="status")(status_command)
app.add_typer(plugin_app)


# Typer brings a click of its own, whose base of all wrong use it does not name in public.
_WRONG_USE: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


def _start(settings: Settings, say: Say, names: tuple[str, ...]) -> None:
    from deployments.local.lifecycle import start

    start(settings, say, names)


def main() -> None:
    """Run the command line; the process ends here. Wrong use ends with 2, as JSON where JSON was asked for."""
    use_starter(_start)
    stops = _count_stops()
    as_json = "--json" in sys.argv
    with document_alone() if as_json else nullcontext():
        code = guarded(_run, as_json)
    if code == ServiceUnreachable.exit_code or len(stops) > 1:
        _leave_at_once(code)
    sys.exit(code)


def _count_stops() -> list[int]:
    """Every Ctrl-C from now on. Who presses it twice does not want to wait for threads that do not hear the first."""
    stops: list[int] = []

    def stop(signum: int, frame: FrameType | None) -> None:
        stops.append(signum)
        signal.default_int_handler(signum, frame)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a job in a shell's background ignores it
        signal.signal(signal.SIGINT, stop)
    return stops


def _run() -> int:
    try:
        return int(app(standalone_mode=False) or 0)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except _WRONG_USE as error:
        if "--json" in sys.argv:
            raise UsageError(error.format_message()) from None
        with telling():
            error.show()
        return 2


def _leave_at_once(code: int) -> None:
    """At its exit Prefect would try for minutes to tell a server that is not there, and Python wait for all threads."""
    if "prefect" in sys.modules and "pytest" not in sys.modules:
        os._exit(code)
