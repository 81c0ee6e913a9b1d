"""`stagewright run`: a profile on its inputs, shown while it goes, told when it has ended."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flows.command.live import shown
from flows.command.output import print_json, refuse, say
from flows.command.starting import ready
from flows.graph.overrides import override
from flows.graph.planning import plan_profile
from flows.jobs.board import Board
from flows.jobs.job import absolute, check_job_id
from flows.load import load_profile
from flows.profiles.model import Profile
from flows.settings import Settings, read_settings
from stages.core.discovery import load_stages
from stages.core.errors import InputError, JobStopped, ServiceError, StagewrightError, UsageError
from stages.core.suggest import did_you_mean
from stages.documents.yaml_lines import MAX_DEPTH


def changed_profile(name: str, sets: Sequence[str], off: Sequence[str] = (), on: Sequence[str] = ()) -> Profile:
    """The profile with settings and switches of the command line in it. Raises ProfileError, UsageError."""
    settings = read_settings()
    load_stages(settings.stage_modules)
    profile = load_profile(name, [Path(folder) for folder in settings.profiles])
    changes = [parsed_set(text) for text in sets]
    known = [entry.id for entry in profile.stages]
    for id in (*(id for id, _, _ in changes), *off, *on):
        if id not in known:
            raise UsageError(f"Profile {profile.name!r} has no stage {id!r}{did_you_mean(id, known)}", stage=id)
    settings_of = {id: {field: value for other, field, value in changes if other == id} for id, _, _ in changes}
    switches = dict.fromkeys(on, True) | dict.fromkeys(off, False)
    return override(profile, switches, settings_of)[0]


def parsed_inputs(profile: Profile, given: Sequence[str]) -> dict[str, str]:
    """`key=address` pairs as a mapping, paths made absolute. Raises UsageError; InputError for a missing file."""
    pairs = [text.partition("=") for text in given]
    keys = [key for key, _, _ in pairs]
    for key, sign, address in pairs:
        if keys.count(key) > 1:
            raise UsageError(f"--input {key}=… is given {keys.count(key)} times; give it once.")
        if not sign or not address:
            raise UsageError(f"--input wants key=address, for example --input video=match.mp4; found {key + sign!r}.")
        if key not in profile.inputs:
            raise UsageError(f"Profile {profile.name!r} has no input {key!r}{did_you_mean(key, profile.inputs)}")
        if profile.inputs[key] and "://" not in address and not os.path.exists(address):
            raise InputError(f"The input {key}={address} is not there: no such file. Check the path.", uri=address)
    if missing := [key for key in profile.inputs if key not in keys]:
        wanted = " ".join(f"--input {key}=FILE_OR_URI" for key in missing)
        raise InputError(f"Profile {profile.name!r} needs {wanted}.", profile=profile.name)
    return {key: absolute(address) if profile.inputs[key] else address for key, _, address in pairs}


def run_profile(
    profile: Profile,
    inputs: dict[str, str],
    refresh: Sequence[str],
    runner: str | None,
    job_id: str | None,
    label: str,
    as_json: bool,
) -> int:
    """Run it; the exit code. Everything that can be checked without a service is checked before one is started."""
    plan = plan_profile(profile)
    for id in refresh:
        if id != "all" and id not in (known := [stage.id for stage in plan.stages]):
            raise UsageError(f"--refresh: profile {profile.name!r} has no stage {id!r}{did_you_mean(id, known)}")
    if job_id:
        check_job_id(job_id)
    settings, _ = ready(say, runner)
    from prefect.exceptions import CancelledRun
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    from flows.assemble import assemble
    from flows.jobs.running import tell_ends

    for said in tell_ends(settings):
        say(said)
    flow = assemble(profile, runner)
    # The heartbeat makes a run wait a second at its end; a run whose process vanished is found by `close_vanished`.
    with shown(quiet=as_json) as watch, temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        try:
            manifest = flow(**inputs, refresh=list(refresh), job_id=job_id, label=label)
        except CancelledRun as cancelled:
            return _failed(JobStopped(str(cancelled)), watch.board, as_json)
        except StagewrightError as error:
            return _failed(error, watch.board, as_json)
    return _done(manifest, settings, as_json)


def parsed_set(text: str) -> tuple[str, str, Any]:
    """Entry, field and value of `STAGE.FIELD=VALUE`. Raises UsageError."""
    path, sign, value = text.partition("=")
    id, dot, field = path.partition(".")
    if not (sign and dot and id and field):
        raise UsageError(f"--set wants STAGE.FIELD=VALUE, for example --set extract_frames.fps=4; found {text!r}.")
    try:
        parsed = json.loads(value)
        too_deep = _is_deeper(parsed, MAX_DEPTH)
    except ValueError:
        return id, field, value
    except RecursionError:
        too_deep = True
    if too_deep:
        raise UsageError(f"--set {path}: the value is nested more than {MAX_DEPTH} levels deep.", stage=id)
    return id, field, parsed


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inside = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(part, levels - 1) for part in inside)


def _told(job_id: str, profile: str, state: str, stages: list[dict[str, Any]]) -> dict[str, Any]:
    keys = ("id", "stage", "status", "seconds", "bytes", "key", "error", "failed_items")
    return {
        "job_id": job_id,
        "profile": profile,
        "state": state,
        "stages": [{key: stage[key] for key in keys} for stage in stages],
        "outputs": {},
        "report": None,
    }


def _done(manifest: dict[str, Any], settings: Settings, as_json: bool) -> int:
    folder = settings.home / "jobs" / manifest["job_id"]
    report = next((folder / name for name in manifest["files"] if name.endswith(".json")), None)
    if as_json:
        told = _told(manifest["job_id"], manifest["profile"], "done", manifest["stages"])
        print_json(told | {"outputs": manifest["outputs"], "report": str(report) if report else None})
        return 0
    print(f"Job {manifest['job_id']} is done.")
    for key, value in manifest["outputs"].items():
        if not (isinstance(value, dict) and "uri" in value):
            print(f"  {key} = {json.dumps(value, ensure_ascii=False)}")
        elif not manifest["files"]:
            print(f"  {key}: {value['type'] or 'value'} in {value['uri']}")
    pages = [name for name in manifest["files"] if not name.endswith((".jpg", ".png"))]
    for name in pages:
        print(f"  {folder / name}")
    if pictures := len(manifest["files"]) - len(pages):
        print(f"  and {pictures} picture(s) beside them")
    if any(name.endswith(".html") for name in manifest["files"]):
        print(f"See it with: stagewright open {manifest['job_id']}")
    return 0


def _failed(error: StagewrightError, board: Board | None, as_json: bool) -> int:
    if board is None or error.exit_code == ServiceError.exit_code:
        code = refuse(error, as_json)
    else:  # whatever it was, a stage failed by it
        if as_json:
            stages = [stage.to_json() for stage in board.stages.values()]
            print_json(_told(board.job_id, board.plan.profile.name, "failed", stages) | {"error": str(error)})
        refuse(error, False)
        code = 1
    if code != 2:
        again, when = shlex.join(["stagewright", *sys.argv[1:]]), "When the cause is mended, go on"
        say(f"What had ended is kept. {'Go on' if isinstance(error, JobStopped) else when} with:\n  {again}")
    return code
