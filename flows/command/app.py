"""The command line: what can be asked, with which options. What each command does stands in its own module."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="stagewright",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Declarative video pipelines on Prefect, Ray and S3.\n\n"
    "A profile (YAML) names stages and their settings; every stage's result is kept on S3, so that a changed setting "
    "runs again only what depends on it.",
    epilog="First steps: `stagewright profiles`, then `stagewright run brand-exposure --input video=match.mp4`.",
)

ProfileName = Annotated[str, typer.Argument(metavar="PROFILE", help="Name of a profile, or a YAML file")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, for programs")]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="STAGE.FIELD=VALUE", help="A setting, by the entry's id; JSON where it parses as JSON"
    ),
]
Inputs = Annotated[
    list[str] | None, typer.Option("--input", "-i", metavar="KEY=FILE_OR_URI", help="An input of the profile")
]
Off = Annotated[list[str] | None, typer.Option("--disable", metavar="STAGE", help="Switch a stage off")]
On = Annotated[list[str] | None, typer.Option("--enable", metavar="STAGE", help="Switch a stage on")]
Refresh = Annotated[
    list[str] | None,
    typer.Option("--refresh", metavar="STAGE", help="Run the stage again though it is kept; `all` for all stages"),
]


@app.command(epilog="Example: `stagewright run brand-exposure -i video=match.mp4 --set extract_frames.fps=4`")
def run(
    profile: ProfileName,
    input: Inputs = None,
    set: Sets = None,
    runner: Annotated[
        str | None, typer.Option(help="Where stages run: threads, ray (on this machine), auto or HOST:PORT (a cluster)")
    ] = None,
    job_id: Annotated[str | None, typer.Option(help="Name of the job; made of time and profile by default")] = None,
    label: Annotated[str, typer.Option(help="What people call the job; stands in its manifest and report")] = "",
    refresh: Refresh = None,
    disable: Off = None,
    enable: On = None,
    json: Json = False,
) -> None:
    """Run a profile. What an earlier run has made and nothing has changed is kept.

    Exit codes: 0 done, 1 a stage failed, 2 wrong use or wrong profile, 3 a service cannot be reached."""
    from flows.command.output import guarded
    from flows.command.run import changed_profile, parsed_inputs, run_profile

    def work() -> int:
        chosen = changed_profile(profile, set or [], disable or [], enable or [])
        return run_profile(chosen, parsed_inputs(chosen, input or []), refresh or [], runner, job_id, label, json)

    raise typer.Exit(guarded(work, json))


@app.command(epilog="Example: `stagewright batch brand-exposure -i 'video=s3://media/films/*.mp4'`")
def batch(
    profile: ProfileName,
    input: Annotated[
        list[str] | None,
        typer.Option(
            "--input", "-i", metavar="KEY=WORD", help="A file or URI, a quoted pattern, a folder, or a list (`@FILE`)"
        ),
    ] = None,
    set: Sets = None,
    at_once: Annotated[int, typer.Option(min=1, max=256, help="Most jobs that run at the same time")] = 1,
    errors_only: Annotated[
        bool, typer.Option("--errors-only", help="Run again what failed in the batch before, and nothing else")
    ] = False,
    batch_id: Annotated[str, typer.Option(help="Name of the batch; by default it follows from what is asked")] = "",
    runner: Annotated[
        str | None, typer.Option(help="Where stages run: threads, ray (on this machine), auto or HOST:PORT (a cluster)")
    ] = None,
    label: Annotated[
        str, typer.Option(help="What people call it; stands in the manifests and reports of its jobs")
    ] = "",
    disable: Off = None,
    enable: On = None,
    json: Json = False,
) -> None:
    """Run a profile on many inputs, each a job of its own; one that fails stops no other.

    The same command goes on where it was: inputs that are done and have not changed are kept. `--errors-only` runs
    again what failed, by default in the profile's last batch. In `batches/BATCH_ID/` of the store, and in the folder
    that is told at the end, lie summary.csv and index.html, which links the reports.

    Exit codes: 0 done, 1 some inputs failed, 2 wrong use or wrong profile, 3 a service cannot be reached."""
    from flows.command.batch import order_of, parsed_words, run_batch
    from flows.command.output import guarded

    def work() -> int:
        words, more = parsed_words(input or []), {"at_once": at_once, "errors_only": errors_only}
        order = order_of(profile, words, set or [], disable or [], enable or [], batch_id=batch_id, label=label, **more)
        return run_batch(profile, order, runner, json)

    raise typer.Exit(guarded(work, json))


@app.command(epilog="Examples: `stagewright plan brand-exposure --json`, `… plan brand-exposure -i video=match.mp4`")
def plan(
    profile: ProfileName,
    input: Inputs = None,
    set: Sets = None,
    disable: Off = None,
    enable: On = None,
    kept: Annotated[bool, typer.Option("--kept", help="Look into the store, as with inputs")] = False,
    json: Json = False,
) -> None:
    """Show what a profile would run: its stages, and what each reads from where. Nothing is run.

    With its inputs it also tells, from the store, which stages are kept and which would run, and why."""
    from flows.command.look import show_plan
    from flows.command.output import guarded
    from flows.command.run import changed_profile, parsed_inputs

    def work() -> int:
        chosen = changed_profile(profile, set or [], disable or [], enable or [])
        return show_plan(chosen, parsed_inputs(chosen, input or []) if input or kept else None, json)

    raise typer.Exit(guarded(work, json))


@app.command()
def stages(json: Json = False) -> None:
    """List the stages there are, by category."""
    from flows.command.look import show_stages
    from flows.command.output import guarded

    raise typer.Exit(guarded(lambda: show_stages(json), json))


@app.command()
def stage(name: Annotated[str, typer.Argument(help="Name of a stage")], json: Json = False) -> None:
    """Show one stage: what it reads and writes, and its settings."""
    from flows.command.look import show_stage
    from flows.command.output import guarded

    raise typer.Exit(guarded(lambda: show_stage(name, json), json))


@app.command()
def profiles(json: Json = False) -> None:
    """List the profiles there are: those that came with Stagewright, and yours (STAGEWRIGHT_PROFILES)."""
    from flows.command.look import show_profiles
    from flows.command.output import guarded

    raise typer.Exit(guarded(lambda: show_profiles(json), json))


@app.command(epilog="Example: `stagewright validate my-profile.yaml`")
def validate(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A profile, by file or name")], json: Json = False
) -> None:
    """Check a profile: all faults at once, each with its line and a way to mend it."""
    from flows.command.look import validate_file
    from flows.command.output import guarded

    raise typer.Exit(guarded(lambda: validate_file(file, json), json))


@app.command(epilog="Example: `stagewright schema > profile.schema.json`")
def schema() -> None:
    """Print the JSON Schema of profiles, with the settings of every stage in it, for editors."""
    from flows.command.look import show_schema
    from flows.command.output import guarded

    raise typer.Exit(guarded(show_schema, False))


@app.command()
def jobs(
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first")] = 20, json: Json = False
) -> None:
    """List jobs, the newest first."""
    from flows.command.jobs import show_jobs
    from flows.command.output import guarded

    raise typer.Exit(guarded(lambda: show_jobs(limit, json), json))


@app.command(epilog="Examples: `stagewright show 20261121-231500-brand-exposure-3fa2c1`, `… show JOB read_text`")
def show(
    job: Annotated[str, typer.Argument(metavar="JOB", help="A job's id, or `last`")],
    stage: Annotated[str | None, typer.Argument(help="A stage of it: show its envelope")] = None,
    json: Json = False,
) -> None:
    """Show a job: its inputs, settings and stages; or the stored result of one of its stages."""
    from flows.command.jobs import show_job
    from flows.command.output import guarded

    raise typer.Exit(guarded(lambda: show_job(job, stage, json), json))


@app.command(name="open")
def open_(
    job: Annotated[str, typer.Argument(metavar="JOB", help="A job's id, or `last`")],
    browser: Annotated[bool, typer.Option(help="Open it in the browser; else only print where it is")] = True,
) -> None:
    """Open a job's report: the copy on this machine, or a fresh link into the store that works for an hour."""
    from flows.command.jobs import open_report
    from flows.command.output import guarded

    raise typer.Exit(guarded(lambda: open_report(job, browser), False))
