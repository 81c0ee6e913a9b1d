"""`stagewright deploy`, for the command line to register."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployments.local.prefect_worker import POOL
from flows.command.output import print_json, say
from flows.command.starting import quieten_prefect, ready
from flows.places.names import RAY, THREADS, check_runner
from flows.settings import Settings, read_settings
from stages.core.errors import UsageError

if TYPE_CHECKING:
    from deployments.deploying.differences import Change, Difference
    from deployments.deploying.wanted import Wanted

_SHOWN = 8  # differences of one thing; the rest is counted
_MARKS = {"create": "+", "change": "~", "same": "=", "unwanted": "?"}

Names = Annotated[list[str] | None, typer.Argument(metavar="[PROFILE]...", help="Profiles; all there are by default")]
Pool = Annotated[str, typer.Option(help="The work pool that runs them; made, for processes, where it is not there")]
Ray = Annotated[
    str,
    typer.Option(metavar="RUNNER", help="What the deployments `…/ray` run on: ray (of this machine), auto, HOST:PORT"),
]
Gpus = Annotated[
    int | None,
    typer.Option(min=1, help="How many stages may use a GPU at once, in all runs; 1 at first", show_default=False),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be made or changed, and make nothing")]
AsYaml = Annotated[bool, typer.Option("--prefect-yaml", help="Print prefect.yaml for the shipped profiles instead")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, for programs")]


def deploy_command(
    profiles: Names = None,
    pool: Pool = POOL,
    ray: Ray = RAY,
    gpus: Gpus = None,
    dry_run: DryRun = False,
    prefect_yaml: AsYaml = False,
    json: AsJson = False,
) -> None:
    """Deploy profiles to the Prefect server: `PROFILE/default` on threads, `PROFILE/ray` on Ray, and what
    the profile's `deploy:` asks for: `PROFILE/SCHEDULE`, and `watch/PROFILE` for a prefix to watch.

    Every profile is checked first; one that is wrong stops all. Done again, it changes what differs and nothing else:
    schedules that were added in the UI stay, and so does whether one is switched on.

    Examples:

        stagewright up --worker && stagewright deploy

        stagewright deploy brand-exposure --dry-run

        prefect deployment run brand-exposure/default --param video=match.mp4
    """
    check_runner(ray)
    if prefect_yaml:
        if profiles or dry_run or json or pool != POOL:
            raise UsageError("--prefect-yaml is for the shipped profiles and their pool; give nothing else with it.")
        typer.echo(_yaml_of_the_shipped(ray), nl=False)
        return
    settings = read_settings()
    wanted = _checked(profiles or [], settings, ray)  # before anything is started
    ready(say, THREADS)  # what the runs need is their worker's business
    changes, served = _deploy(wanted, pool, gpus, dry_run, whole=not profiles)
    if json:
        print_json({"dry_run": dry_run, "pool": pool, "changes": [change.to_json() for change in changes]})
        return
    for change in changes:
        _show(change)
    _tell(changes, dry_run)
    if not served:
        say(f"No worker serves the work pool {pool!r}: runs wait until one does (`stagewright up --worker`).")


def _checked(names: list[str], settings: Settings, ray: str) -> list[Wanted]:
    quieten_prefect(settings)
    from deployments.deploying.checking import checked

    return checked(names, settings, ray)


def _yaml_of_the_shipped(ray: str) -> str:
    from deployments.deploying.prefect_yaml import prefect_yaml

    return prefect_yaml(_checked([], Settings(profiles=[], stage_modules=[]), ray))


def _deploy(wanted: list[Wanted], pool: str, gpus: int | None, dry: bool, whole: bool) -> tuple[list[Change], bool]:
    from prefect.client.orchestration import get_client

    from deployments.deploying.server import Server

    with get_client(sync_client=True) as client:
        server = Server(client, pool, str(Path.cwd()), dry)
        changes = [server.make_pool(), server.save_storage(), server.limit_gpus(gpus)]
        changes += [server.deploy(one) for one in wanted]
        changes += server.unwanted(wanted) if whole else []
        return changes, changes[0].kind == "same" and server.is_served()


def _show(change: Change) -> None:
    typer.echo(f"{_MARKS[change.kind]} {change.what}")
    for found in change.differences[:_SHOWN]:
        typer.echo(f"    {found.path}: {_side(found, 'there')} → {_side(found, 'wanted')}")
    if (more := len(change.differences) - _SHOWN) > 0:
        typer.echo(f"    and {more} more; --json shows all")


def _side(found: Difference, side: str) -> str:
    value: Any = found.to_json().get(side, "nothing")
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _tell(changes: list[Change], dry: bool) -> None:
    made, changed = (sum(change.kind == kind for change in changes) for kind in ("create", "change"))
    if not made and not changed:
        typer.echo("Nothing differs.")
    elif dry:
        typer.echo(f"{made} to make, {changed} to change; nothing was done.")
    else:
        typer.echo(f"{made} made, {changed} changed.")
    for change in changes:
        if change.kind == "unwanted":
            name = change.what.removeprefix("deployment ")
            say(f"No profile wants {name}, and nothing here deletes it: prefect deployment delete {name}")
