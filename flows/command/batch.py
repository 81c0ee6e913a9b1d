"""`stagewright batch`: a profile on many inputs, shown while it goes, told when it has ended."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flows.batch.inputs import check_local, check_words
from flows.batch.item import Batch, sentence
from flows.batch.order import Order
from flows.command.batch_live import shown
from flows.command.output import print_json, say
from flows.command.run import changed_profile, parsed_set
from flows.command.starting import ready
from flows.graph.planning import plan_profile
from flows.jobs.job import check_job_id
from flows.profiles.profile_files import is_path
from flows.settings import Settings
from stages.core.errors import JobStopped, StagewrightError, UsageError


def parsed_words(given: Sequence[str]) -> dict[str, list[str]]:
    """`key=word` pairs as words by key. Raises UsageError."""
    words: dict[str, list[str]] = {}
    for text in given:
        key, sign, word = text.partition("=")
        if not sign or not word:
            wanted = "--input wants key=FILE, PATTERN, FOLDER or @LIST, for example --input 'video=films/*.mp4'"
            raise UsageError(f"{wanted}; found {text!r}.")
        words.setdefault(key, []).append(word)
    return words


def order_of(
    profile: str,
    words: dict[str, list[str]],
    sets: Sequence[str],
    off: Sequence[str],
    on: Sequence[str],
    **more: Any,
) -> Order:
    """What is asked. All that can be checked without a service is. Raises ProfileError, UsageError and InputError."""
    chosen = changed_profile(profile, sets, off, on)
    if sets or off or on or not more["errors_only"]:  # else they are the batch's, which the store tells
        plan_profile(chosen)
    if words or not more["errors_only"]:
        check_words(chosen, words)
    if not more["errors_only"]:
        check_local(chosen, words)
    if more["batch_id"]:
        check_job_id(more["batch_id"])
    settings: dict[str, dict[str, Any]] = {}
    for id, field, value in map(parsed_set, sets):
        settings.setdefault(id, {})[field] = value
    return Order(words, settings, dict.fromkeys(on, True) | dict.fromkeys(off, False), **more)


def run_batch(profile: str, order: Order, runner: str | None, as_json: bool) -> int:
    """Run it; the exit code."""
    settings, _ = ready(say, runner)
    from prefect.exceptions import CancelledRun, FailedRun
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    from flows.batch.flow import batch
    from flows.jobs.running import tell_ends

    for said in tell_ends(settings):
        say(said)
    error: StagewrightError | None = None
    # As `run` has it: a run whose process vanished is found by its mark.
    with shown(quiet=as_json) as watch, temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        try:
            batch(**_parameters(profile, order, runner))
        except FailedRun as failed:  # by its own decision: some of its items have
            if watch.batch is None:
                raise StagewrightError(str(failed)) from failed
        except CancelledRun as cancelled:
            error = JobStopped(str(cancelled))
        except StagewrightError as problem:
            if watch.batch is None:
                raise
            error = problem
    assert watch.batch is not None
    return _told(watch.batch, error, settings, as_json)


def _parameters(profile: str, order: Order, runner: str | None) -> dict[str, Any]:
    return {
        "profile": str(Path(profile).resolve()) if is_path(profile) else profile,
        "inputs": {key: list(given) for key, given in order.words.items()},
        "settings": {id: dict(given) for id, given in order.settings.items()},
        "enabled": dict(order.enabled),
        "at_once": order.at_once,
        "errors_only": order.errors_only,
        "batch_id": order.batch_id,
        "label": order.label,
        "runner": runner or "",
    }


def _told(batch: Batch, error: StagewrightError | None, settings: Settings, as_json: bool) -> int:
    folder = settings.home / "batches" / batch.batch_id
    files = [str(folder / name) for name in (*batch.files, "manifest.json")]
    if as_json:
        print_json(_document(batch, error, files))
    else:
        print(f"Batch {batch.batch_id} {_ENDS[batch.state]}: {sentence(batch)}.")
        for file in files[:-1]:
            print(f"  {file}")
    if error:
        say(f"Error: {error}")
        say(f"What had ended is kept. Go on with:\n  {shlex.join(['stagewright', *sys.argv[1:]])}")
        return error.exit_code
    if batch.state == "failed":
        say(f"When the cause is mended, run those that failed again with:\n  {_again(batch)}")
    return 0 if batch.state == "done" else 1


_ENDS = {"done": "is done", "failed": "is done, but for what failed", "stopped": "was stopped"}


def _document(batch: Batch, error: StagewrightError | None, files: list[str]) -> dict[str, Any]:
    told = batch.to_json()
    keys = ("input", "job_id", "state", "seconds", "error")
    document = {name: told[name] for name in ("batch_id", "profile", "state", "counts")}
    document["items"] = [{key: item[key] for key in keys} for item in told["items"]]
    return document | {"files": files} | ({"error": str(error)} if error else {})


def _again(batch: Batch) -> str:
    """The command that runs what failed, and that alone."""
    words = list(sys.argv[1:])
    words += [] if "--errors-only" in words else ["--errors-only"]
    named = any(word == "--batch-id" or word.startswith("--batch-id=") for word in words)
    return shlex.join(["stagewright", *words, *([] if named else ["--batch-id", batch.batch_id])])
