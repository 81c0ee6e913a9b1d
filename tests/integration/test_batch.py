"""`stagewright batch` on real services: what fails stops nothing, what is unchanged is kept, what failed runs again."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from stages.core.objects import ObjectStore
from tests.integration.driving import COMMAND, Ended, Toys, in_process
from tests.integration.prefect_side import seen
from tests.integration.waiting import hears_ctrl_c, until

pytestmark = pytest.mark.integration

PROFILE = """
name: many
label: Many
inputs: {video: Video}
stages:
  - toy_film
  - toy_source: {n: 3}
  - toy_scale
"""


@pytest.fixture
def films(toys: Toys, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three films of which one is empty, and the profile beside them."""
    modules = f"{toys.environment['STAGEWRIGHT_STAGE_MODULES']},tests.integration.batch_toys"
    toys.environment["STAGEWRIGHT_STAGE_MODULES"] = modules
    monkeypatch.setenv("STAGEWRIGHT_STAGE_MODULES", modules)
    toys.file.write_text(PROFILE)
    folder = toys.folder / "films"
    folder.mkdir()
    for name, data in (("a 1.mp4", b"a"), ("é.mp4", b"e"), ("empty.mp4", b"")):
        (folder / name).write_bytes(data)
    return folder


def batch(toys: Toys, *args: str) -> Ended:
    return in_process("batch", str(toys.file), "--json", *args)


def states(done: Ended) -> dict[str, str]:
    return {Path(item["input"]).name: item["state"] for item in done.json["items"]}


def test_what_fails_stops_nothing_and_alone_runs_again(toys: Toys, store: ObjectStore, films: Path) -> None:
    first = batch(toys, "-i", f"video={films}")
    assert (first.code, first.json["state"]) == (1, "failed")
    assert states(first) == {"a 1.mp4": "done", "empty.mp4": "failed", "é.mp4": "done"}
    id = first.json["batch_id"]
    assert f"--errors-only --batch-id {id}" in first.err
    [told] = [item for item in first.json["items"] if item["state"] == "failed"]
    assert "empty (0 bytes)" in told["error"]
    assert {Path(file).name for file in first.json["files"]} == {"manifest.json", "summary.csv", "index.html"}
    assert json.loads(store.get(f"batches/{id}/manifest.json"))["counts"] == {"inputs": 3, "done": 2, "failed": 1}
    assert len(list(csv.reader(store.get(f"batches/{id}/summary.csv").decode().splitlines()))) == 4
    [table] = _tables(json.loads(store.get(f"batches/{id}/manifest.json"))["flow_run_id"])
    assert [row["state"] for row in json.loads(table)] == ["failed", "done", "done"]
    toys.ran()

    (films / "empty.mp4").write_bytes(b"whole")
    mended = batch(toys, "--errors-only")
    assert (mended.code, mended.json["batch_id"], mended.json["counts"]) == (0, id, {"inputs": 3, "done": 3})
    assert toys.ran() == ["film whole"]
    nothing = batch(toys, "--errors-only", "--batch-id", id)
    assert (nothing.code, toys.ran()) == (0, [])


def test_unchanged_inputs_are_kept_and_each_is_a_job(toys: Toys, store: ObjectStore, films: Path) -> None:
    (films / "empty.mp4").unlink()
    words = ("-i", f"video={films / '*.mp4'}", "--label", "Season")
    first = batch(toys, *words, "--at-once", "2")
    assert (first.code, first.json["counts"]) == (0, {"inputs": 2, "done": 2})
    job = first.json["items"][0]["job_id"]
    assert in_process("show", job, "--json").json["label"] == "Season"
    until(lambda: (run := seen(job)) is not None and run.state == "Completed")
    toys.ran()

    (films / "é.mp4").write_bytes(b"changed")
    (films / "new.mp4").write_bytes(b"a")  # of the same content as another
    again = batch(toys, *words)
    assert states(again) == {"a 1.mp4": "kept", "new.mp4": "done", "é.mp4": "done"}
    assert toys.ran() == ["film changed"]
    other = batch(toys, *words, "--set", "toy_source.n=4")
    assert other.json["batch_id"] != again.json["batch_id"]


def test_inputs_on_s3_and_lists_of_them(toys: Toys, store: ObjectStore, films: Path) -> None:
    for name in ("season/a.mp4", "season/b.mp4", "season/notes.txt", "season/old/c.mp4"):
        store.put(name, name.encode())
    (films / "list.txt").write_text(f"{store.address.url}season/a.mp4\n{store.address.url}nowhere.mp4\n")
    folder = f"{store.address.url}season"
    assert set(states(batch(toys, "-i", f"video={folder}/*.mp4"))) == {"a.mp4", "b.mp4"}
    assert set(states(batch(toys, "-i", f"video={folder}/"))) == {"a.mp4", "b.mp4", "c.mp4"}
    listed = batch(toys, "-i", f"video=@{films / 'list.txt'}")
    assert states(listed) == {"a.mp4": "done", "nowhere.mp4": "failed"}


def test_a_stage_that_fails_fails_its_input_only(toys: Toys, films: Path) -> None:
    failed = batch(
        toys, "-i", f"video={films / 'a 1.mp4'}", "-i", f"video={films / 'é.mp4'}", "--set", "toy_film.fail=e"
    )
    assert (failed.code, states(failed)) == (1, {"a 1.mp4": "done", "é.mp4": "failed"})


def test_what_failed_runs_again_with_the_settings_of_its_batch(toys: Toys, store: ObjectStore, films: Path) -> None:
    toys.file.write_text(PROFILE.replace("n: 3", "n: 1001"))  # which cannot be run as it stands
    asked = ("--set", "toy_source.n=4", "--disable", "toy_scale")
    first = batch(toys, "-i", f"video={films}", *asked)
    assert first.code == 1
    (films / "empty.mp4").write_bytes(b"whole")
    other = batch(toys, "--errors-only", "--set", "toy_source.n=5")
    assert (other.code, other.json["state"]) == (2, "refused")
    assert "was run with --set toy_source.n=4 --disable toy_scale, " in other.json["error"]
    assert "asked for with --set toy_source.n=5." in other.json["error"]

    assert batch(toys, "--errors-only").json["counts"] == {"inputs": 3, "done": 3}
    assert _settings(store, first) == {"toy_film": {"fail": "", "wait": ""}, "toy_source": {"n": 4, "noise": 0}}
    assert batch(toys, "--errors-only", *asked).code == 0  # as the command that is told at the end has it


def test_a_batch_of_before_settings_were_kept_takes_those_that_are_given(
    toys: Toys, store: ObjectStore, films: Path
) -> None:
    first = batch(toys, "-i", f"video={films / 'empty.mp4'}", "--set", "toy_source.n=4")
    key = f"batches/{first.json['batch_id']}/manifest.json"
    told = json.loads(store.get(key))
    store.put(key, json.dumps({name: told[name] for name in told if name not in ("settings", "enabled")}).encode())
    (films / "empty.mp4").write_bytes(b"whole")
    assert batch(toys, "--errors-only", "--set", "toy_source.n=5").code == 0
    assert _settings(store, first)["toy_source"]["n"] == 5


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("-i", "video=nothing/*.mp4"), "matches nothing"),
        (("-i", "vidoe=a.mp4"), "has no input 'vidoe'"),
        (("-i", "video"), "--input wants key="),
        (("--errors-only",), "No batch of profile 'many' has been run"),
        (("--errors-only", "--batch-id", "other"), "There is no batch 'other'"),
        (("-i", "video=a.mp4", "--batch-id", "../x"), "cannot be used"),
        (("-i", "video=a.mp4", "--set", "toy_source.n=no"), "toy_source"),
    ],
)
def test_wrong_use_is_refused(toys: Toys, films: Path, args: tuple[str, ...], told: str) -> None:
    refused = batch(toys, *args)
    assert (refused.code, refused.json["state"]) == (2, "refused")
    assert told in refused.json["error"]


def test_a_batch_that_is_stopped_goes_on(toys: Toys, store: ObjectStore, films: Path) -> None:
    (films / "empty.mp4").unlink()
    words = ["batch", str(toys.file), "-i", f"video={films}", "--set", "toy_film.wait=e"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen(
        [COMMAND, *words], env=toys.all(), cwd=toys.folder, preexec_fn=hears_ctrl_c, start_new_session=True, **quiet
    )
    until(lambda: "film e" in toys.ran())  # the second one, which waits
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == 130
    [key] = [key for key in store.list("batches/") if key.endswith("/manifest.json")]
    left = json.loads(store.get(key))
    assert (left["state"], left["counts"]) == ("stopped", {"inputs": 2, "waiting": 1, "done": 1})
    assert [item["state"] for item in left["items"]] == ["done", "waiting"]

    (toys.folder / "go").touch()
    gone_on = in_process(*words, "--json")
    assert (gone_on.code, gone_on.json["counts"]) == (0, {"inputs": 2, "done": 1, "kept": 1})
    assert gone_on.json["batch_id"] == left["batch_id"]
    assert toys.ran() == ["film e"]


def _settings(store: ObjectStore, first: Ended) -> Any:
    """With which the job ran that had failed at first."""
    [job] = [item["job_id"] for item in first.json["items"] if item["state"] == "failed"]
    return json.loads(store.get(f"jobs/{job}/manifest.json"))["settings"]


def _tables(flow_run_id: str) -> list[Any]:
    """What the table artifacts of a run hold."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    own = FlowRunFilter(id=FlowRunFilterId(any_=[UUID(flow_run_id)]))
    with get_client(sync_client=True) as client:
        return [found.data for found in client.read_artifacts(flow_run_filter=own) if found.type == "table"]
