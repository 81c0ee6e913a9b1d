"""Stages that fail, processes that are killed, blobs that are damaged, services that are gone: nothing kept is lost."""

from __future__ import annotations

import os
import signal
import time
from uuid import UUID

import pytest

from deployments.local import down, up
from flows.jobs.running import untold_runs
from flows.settings import read_settings
from stages.core.objects import ObjectStore
from tests.integration.driving import Toys, in_process
from tests.integration.waiting import until


def test_a_failing_stage_fails_the_job_and_what_had_ended_is_kept(toys: Toys) -> None:
    failed = toys.run("--set", "triple.fail=the lamp is out")
    assert failed.code == 1
    assert failed.json["state"] == "failed"
    assert failed.json["error"] == "Stage 'toy_scale' failed: ValueError: the lamp is out"
    assert failed.statuses == {
        "toy_source": "ran", "double": "ran", "triple": "failed", "toy_sum": "skipped", "toy_measure": "ran",
    }  # fmt: skip
    ends = {
        "toy_source": "COMPLETED", "double": "COMPLETED", "triple": "FAILED", "toy_sum": "FAILED",
        "toy_measure": "COMPLETED",
    }  # fmt: skip
    until(lambda: _states_of_tasks(failed.json["job_id"]) == ends)  # the server notes them a little later
    assert not list((toys.folder / "home" / "running").iterdir())
    toys.ran()
    mended = toys.run()
    assert mended.statuses["double"] == "kept"
    assert toys.ran() == ["scale 3", "sum"]


def test_all_that_waits_for_a_failed_stage_is_skipped_however_far_below(toys: Toys) -> None:
    toys.profile += (
        "  - {stage: toy_scale, id: later, reads: {numbers: doubled}, writes: {scaled: late}, needs: [toy_sum]}\n"
    )
    failed = toys.run("--set", "triple.fail=boo")
    assert failed.code == 1
    assert (failed.statuses["toy_sum"], failed.statuses["later"]) == ("skipped", "skipped")
    skipped = {("toy_sum", "FAILED"), ("later", "FAILED")}
    until(lambda: skipped <= set(_states_of_tasks(failed.json["job_id"]).items()))


def test_a_failed_run_tells_the_command_that_goes_on(toys: Toys) -> None:
    toys.file.write_text(toys.profile)
    failed = toys.command("run", str(toys.file), "--set", "triple.fail=boo")
    assert failed.code == 1
    assert "triple             failed   Stage 'toy_scale' failed: ValueError: boo" in failed.err
    assert f"go on with:\n  stagewright run {toys.file} --set triple.fail=boo" in failed.err


def test_a_stage_is_run_again_as_often_as_it_says(toys: Toys) -> None:
    toys.profile = "name: luck\nstages: [toy_second_time_lucky]\n"
    assert toys.run().json["outputs"]["luck"] == "luck"
    assert toys.ran() == ["lucky", "lucky"]


def test_a_stage_that_takes_too_long_is_ended(toys: Toys) -> None:
    toys.profile = toys.profile.replace("{factor: 3}\n", "{factor: 3, wait: 30}\n    timeout: 0.5\n")
    late = toys.run()
    assert late.code == 1
    assert "0.5 second" in late.json["error"]
    assert "'triple'" in late.json["error"]


def test_what_cannot_be_written_fails_its_stage_there(toys: Toys) -> None:
    toys.profile = "name: unwritable\nstages: [toy_unwritable]\n"
    failed = toys.run()
    assert failed.code == 1
    assert failed.json["error"].startswith("Stage 'toy_unwritable', key 'thing': the value at deep[0] is a object")


def test_a_killed_run_is_crashed_in_prefect_and_the_next_goes_on(toys: Toys) -> None:
    process = toys.start("--set", "triple.wait=50", "--job-id", "killed")
    until(lambda: "scale 3" in _log(toys))
    until(lambda: "scale 2" in _log(toys))
    time.sleep(1)  # so that the double is stored
    twin = toys.run("--job-id", "killed")
    assert twin.code == 2
    assert f"A job 'killed' is running already (process {process.pid})" in twin.json["error"]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    [vanished] = untold_runs(read_settings())
    assert vanished.job_id == "killed"
    toys.ran()
    again = toys.run("--job-id", "after")
    assert again.code == 0
    assert "Job killed had vanished while it ran; it is marked as crashed." in again.err
    assert again.statuses["toy_source"] == again.statuses["double"] == "kept"
    assert toys.ran() == ["scale 3", "sum"]
    assert untold_runs(read_settings()) == []
    assert {job["job_id"]: job["state"] for job in toys.command("jobs", "--json").json} == {
        "killed": "crashed", "after": "done",
    }  # fmt: skip
    until(lambda: _prefect_states(vanished.flow_run_id) == {"CRASHED"})


def test_ctrl_c_ends_a_run_soon_and_says_so(toys: Toys) -> None:
    process = toys.start("--set", "triple.wait=50")
    until(lambda: "scale 3" in _log(toys))
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 130
    stopped = in_process("show", "last", "--json").json
    assert (stopped["state"], stopped["error"]) == ("crashed", "The job was stopped.")
    assert {stage["id"]: stage["status"] for stage in stopped["stages"]}["triple"] == "failed"
    assert toys.run().code == 0


def test_a_second_ctrl_c_leaves_at_once_and_the_next_command_closes_what_it_left(toys: Toys) -> None:
    process = toys.start("--set", "triple.deaf=50", "--job-id", "twice")
    until(lambda: "scale 3" in _log(toys))
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)
    [left] = untold_runs(read_settings())
    said = toys.command("jobs", "--json")
    assert "vanished" not in said.err
    assert {job["job_id"]: job["state"] for job in said.json} == {"twice": "crashed"}
    # what had not begun at the first Ctrl-C (on a slow machine the double) was cancelled by it
    until(lambda: _prefect_states(left.flow_run_id) - {"CANCELLED"} == {"CRASHED"})
    tasks = _states_of_tasks("twice")
    assert (tasks["triple"], tasks["toy_sum"]) == ("CRASHED", "CRASHED")


def test_wrong_input_found_by_a_stage_fails_the_stage(toys: Toys) -> None:
    failed = toys.run("--set", "triple.refuse=this film is empty")
    assert (failed.code, failed.json["state"]) == (1, "failed")
    assert failed.json["error"] == "Stage 'toy_scale': this film is empty"
    assert failed.statuses["triple"] == "failed"


@pytest.mark.parametrize("damage", ["deleted", "cut", "changed"])
def test_a_damaged_blob_is_never_served(toys: Toys, store: ObjectStore, damage: str) -> None:
    toys.run()
    [blob] = list(store.list("blobs/"))
    match damage:
        case "deleted":
            store.delete(blob)
        case "cut":
            store.put(blob, bytes(9))
        case "changed":
            store.put(blob, b"x" * 10)
    toys.ran()
    again = toys.run("--refresh", "toy_measure")
    assert again.code == 0, again.err
    assert again.json["outputs"]["raw_length"] == 10
    assert toys.ran() == ["measure", "source"]
    assert store.get(blob) == bytes(10)


def test_a_blob_changed_without_a_trace_is_noticed_when_it_is_read(toys: Toys, store: ObjectStore) -> None:
    toys.run()
    [blob] = list(store.list("blobs/"))
    store.client.put_object(Bucket=store.address.bucket, Key=store.address.prefix + blob, Body=b"x" * 10)
    for cached in (toys.folder / "home" / "cache" / "blobs").glob("??/*"):
        cached.unlink()
    damaged = toys.run("--refresh", "toy_measure")
    assert damaged.code == 1
    assert blob in damaged.json["error"]
    assert "run again to make them anew" in damaged.json["error"]
    assert toys.run().json["outputs"]["raw_length"] == 10


def test_a_changed_envelope_is_an_error_that_names_it_and_refresh_replaces_it(toys: Toys, store: ObjectStore) -> None:
    key = next(stage["key"] for stage in toys.run().json["stages"] if stage["id"] == "double")
    store.put(f"results/{key}", store.get(f"results/{key}").replace(b'"factor": 2', b'"factor": 9'))
    damaged = toys.run()
    assert damaged.code == 1
    assert f"results/{key} does not match its own sum" in damaged.json["error"]
    assert toys.run("--refresh", "double").code == 0
    assert set(toys.run().statuses.values()) == {"kept"}


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("AWS_SECRET_ACCESS_KEY", "wrong", "the store refuses this key"),
        ("STAGEWRIGHT_S3_BUCKET", "nowhere", "The store has no bucket 'nowhere'"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "The object store at http://127.0.0.1:9 does not answer"),
    ],
)
def test_a_store_that_cannot_be_used_ends_with_3(
    toys: Toys, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    monkeypatch.setenv(variable, value)
    refused = toys.run()
    assert refused.code == 3
    assert refused.json["state"] == "refused"
    assert told in refused.json["error"]


def test_a_server_that_cannot_be_reached_ends_with_3(toys: Toys) -> None:
    toys.file.write_text(toys.profile)
    refused = toys.command("run", str(toys.file), "--json", PREFECT_API_URL="http://127.0.0.1:9/api")
    assert refused.code == 3
    assert refused.json["state"] == "refused"
    assert "Prefect server" in refused.json["error"]


def test_a_store_killed_in_the_middle_of_a_run_ends_it_with_3_and_the_next_goes_on(
    toys: Toys, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("STAGEWRIGHT_S3_BUCKET", "STAGEWRIGHT_S3_PREFIX", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
        toys.environment.pop(name)
    up(read_settings(), lambda line: None)
    toys.environment["PREFECT_CLIENT_MAX_RETRIES"] = "1"  # Prefect's own patience with its server is not what is tried
    process = toys.start("--set", "triple.wait=6", "--json")
    until(lambda: "scale 3" in _log(toys))
    time.sleep(2)
    down(read_settings(), lambda line: None)
    assert process.wait(timeout=120) == 3
    toys.ran()
    again = toys.run("--set", "triple.wait=6")
    assert again.code == 0
    assert "had ended while the store was away; its manifest is complete now." in again.err
    assert "vanished" not in again.err
    assert again.statuses["toy_source"] == again.statuses["double"] == "kept"
    assert toys.ran() == ["scale 3", "sum"]
    down(read_settings(), lambda line: None)


def _log(toys: Toys) -> str:
    log = toys.folder / "ran.log"
    return log.read_text() if log.exists() else ""


def _states_of_tasks(run_name: str) -> dict[str, str]:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

    with get_client(sync_client=True) as client:
        tasks = client.read_task_runs(flow_run_filter=FlowRunFilter(name=FlowRunFilterName(any_=[run_name])))
    return {task.name.rpartition("-")[0]: str(task.state.type.value) for task in tasks if task.state}


def _prefect_states(flow_run_id: str) -> set[str]:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    with get_client(sync_client=True) as client:
        run = client.read_flow_run(UUID(flow_run_id))
        tasks = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))
    states = {str(task.state.type.value) for task in tasks if task.state} - {"COMPLETED"}
    return states | {str(run.state.type.value) if run.state else "NONE"}
