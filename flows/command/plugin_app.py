"""`stagewright plugin …`: what can be asked. What each command does stands in `plugins`."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.command.app import Json

plugin_app = typer.Typer(
    name="plugin",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Plugins: folders with a `config.yaml` and code, which bring stages of their own.\n\n"
    "They are found in the folders that STAGEWRIGHT_PLUGINS names, and by entry points of installed packages.",
)

Plugin = Annotated[str, typer.Argument(metavar="PLUGIN", help="A plugin's folder, or the code of an installed one")]


@plugin_app.command(name="list")
def list_(json: Json = False) -> None:
    """List the plugins there are, with their actions. Nothing of them is imported; a broken one is listed as such."""
    from flows.command.output import guarded
    from flows.command.plugins import show_plugins

    raise typer.Exit(guarded(lambda: show_plugins(json), json))


@plugin_app.command(
    epilog="Examples: `stagewright plugin create my-detector --category neural_net`, "
    "`… plugin create ./plugins/agree -c post_annotation --name 'Agree on labels'`"
)
def create(
    folder: Annotated[str, typer.Argument(metavar="NAME|FOLDER", help="The folder to be made; its name is the code")],
    category: Annotated[
        str | None,
        typer.Option(
            "--category",
            "-c",
            help="neural_net, export, upload, smart_tool, pre_annotation, post_annotation, data_validation or custom",
        ),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="What people call it; by default its code")] = None,
    code: Annotated[str | None, typer.Option("--code", help="What its stages begin with")] = None,
    json: Json = False,
) -> None:
    """Make a new plugin: a config, an action that runs, and tests that pass. Nothing is overwritten."""
    from flows.command.output import guarded
    from flows.command.plugin_making import make_plugin

    raise typer.Exit(guarded(lambda: make_plugin(folder, category, name, code, json), json))


@plugin_app.command(epilog="Examples: `stagewright plugin check ./my-plugin`, `… plugin check --import`")
def check(
    plugin: Annotated[
        str | None, typer.Argument(metavar="PLUGIN", help="A plugin's folder, or a code; all installed ones if none")
    ] = None,
    imports: Annotated[
        bool, typer.Option("--import", help="Import each action too, which runs code of the plugin")
    ] = False,
    json: Json = False,
) -> None:
    """Check a plugin: its config and its code, all faults at once, each with its line. The code is read and not run.

    Exit codes: 0 it can be used, 2 it has faults."""
    from flows.command.output import guarded
    from flows.command.plugins import check_plugins

    raise typer.Exit(guarded(lambda: check_plugins(plugin, imports, json), json))


@plugin_app.command(epilog="Example: `stagewright plugin sync ./my-plugin --dry-run`")
def sync(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A plugin's folder")] = ".",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change")] = False,
    json: Json = False,
) -> None:
    """Bring a plugin's config.yaml up to its code: new actions are added, entry points mended, nothing is removed."""
    from flows.command.output import guarded
    from flows.command.plugins import sync_plugin

    raise typer.Exit(guarded(lambda: sync_plugin(folder, dry_run, json), json))


@plugin_app.command(epilog="Example: `stagewright plugin schema ./my-plugin train > train-form.json`")
def schema(
    plugin: Plugin,
    action: Annotated[str, typer.Argument(metavar="ACTION", help="One of its actions")],
    json_schema: Annotated[bool, typer.Option("--json-schema", help="As JSON Schema, not as a form")] = False,
) -> None:
    """Print the form of an action's parameters, for FormKit, or their JSON Schema."""
    from flows.command.output import guarded
    from flows.command.plugins import show_form

    raise typer.Exit(guarded(lambda: show_form(plugin, action, json_schema), False))


@plugin_app.command(epilog="Examples: `stagewright plugin package ./words`, `… plugin package ./words --output /tmp`")
def package(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A plugin's folder")] = ".",
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Or a folder; by default CODE-VERSION.zip here")
    ] = None,
    json: Json = False,
) -> None:
    """Check a plugin and pack it into one file, to be sent elsewhere: the same bytes wherever it is made.

    Hidden files, caches and virtual environments are left out."""
    from flows.command.output import guarded
    from flows.command.plugin_making import write_package

    raise typer.Exit(guarded(lambda: write_package(folder, output, json), json))


@plugin_app.command(
    epilog="Examples: `stagewright plugin run words split --set 'text=a brand'`, "
    "`… plugin run ./my-plugin train --set epochs=3 --mode job`"
)
def run(
    plugin: Plugin,
    action: Annotated[str, typer.Argument(metavar="ACTION", help="One of its actions")],
    set: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="A parameter; JSON where it parses as JSON")
    ] = None,
    params: Annotated[
        str | None, typer.Option("--params", metavar="FILE", help="Parameters as a JSON object; --set goes above them")
    ] = None,
    input: Annotated[
        str | None, typer.Option("--input", "-i", metavar="FILE_OR_URI", help="What the action reads, if it reads")
    ] = None,
    mode: Annotated[
        str,
        typer.Option(
            help="local (this process), task (the one stage of a Prefect flow: kept), actor (on Ray), job (a Ray job)"
        ),
    ] = "local",
    json: Json = False,
) -> None:
    """Run an action of a plugin, and print what it gave.

    Exit codes: 0 done, 1 it failed, 2 wrong use, 3 a service cannot be reached."""
    from flows.command.output import guarded
    from flows.command.plugin_run import run_action

    raise typer.Exit(guarded(lambda: run_action(plugin, action, set or [], params, input, mode, json), json))
