"""A folder of a real bucket is watched: what is put there is run by a real worker, and noted in the store."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    DeploymentFilter,
    DeploymentFilterId,
    FlowFilter,
    FlowFilterName,
)
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ParameterTypeError
from prefect.flows import load_flow_from_entrypoint
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Cancelled

from flows.connections import Connections
from flows.watch import watch
from flows.watch.flow import VIDEOS
from flows.watch.folder import Folder, folder_uri
from flows.watch.ledger import Ledger
from flows.watch.look import Wanted, Watch
from flows.watch.note import Note
from flows.watch.runs import runs_of
from stages.core.errors import BucketMissing, UsageError
from stages.core.objects import ObjectStore
from tests.integration.conftest import toys_in
from tests.integration.driving import Toys
from tests.integration.waiting import until

PROFILE = """
name: watched
inputs: {video: Video}
stages: [toy_length]
deploy:
  limit: 4 # one that waits for a place is asked again after half a minute only
  watch: {prefix: incoming/, suffixes: [.mp4], every: 86400, active: false}
"""


@pytest.fixture(scope="module")
def shop(services: Connections, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toys]:
    """A profile of one stage, deployed to a worker that runs; this process has its store."""
    folder = tmp_path_factory.mktemp("watched")
    found = toys_in(folder, replace(services.store, prefix=f"test-{uuid4().hex}/"))
    modules = {"STAGEWRIGHT_STAGE_MODULES": "tests.integration.watch_toys"}
    found.environment |= modules | {"STAGEWRIGHT_PROFILES": str(folder), "PREFECT_API_URL": services.prefect_api_url}
    (folder / "watched.yaml").write_text(PROFILE)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in found.environment.items():
            environment.setenv(name, value)
        with _worker(found):
            done = found.command("deploy", "watched", "--pool", "watched")
            assert done.code == 0, done.err
            yield found


@contextmanager
def _worker(shop: Toys) -> Iterator[None]:
    """Serves the pool; it starts while the profile is deployed there."""
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name="watched", type="process"))
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "watched", "--type", "process"]
    run = {"env": shop.all(PREFECT_WORKER_QUERY_SECONDS="0.5"), "cwd": shop.folder, "start_new_session": True}
    worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **run)
    try:
        yield
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


@pytest.fixture
def store(shop: Toys, services: Connections) -> ObjectStore:
    """The store of the shop."""
    return ObjectStore(replace(services.store, prefix=shop.environment["STAGEWRIGHT_S3_PREFIX"]))


@pytest.fixture
def client() -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as found:
        yield found


@pytest.fixture
def idle(shop: Toys, client: SyncPrefectClient) -> Iterator[str]:
    """The same profile, deployed where no worker looks: its runs stay as they were created."""
    there = client.read_deployment_by_name("watched/default")
    name = f"idle-{uuid4().hex[:8]}"
    made = client.create_deployment(
        there.flow_id,
        name,
        parameter_openapi_schema=there.parameter_openapi_schema,
        enforce_parameter_schema=True,
    )
    yield f"watched/{name}"
    client.delete_deployment(made)  # and with it the runs that nobody began


def _look(prefix: str, deployment: str, **more: Any) -> dict[str, Any]:
    """One run of the flow in this process; without the second that Prefect waits for the thread of its heartbeat."""
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        found: dict[str, Any] = watch(prefix=prefix, deployment=deployment, **more)
    return found


def _runs(client: SyncPrefectClient, deployment: str) -> list[FlowRun]:
    of: DeploymentResponse = client.read_deployment_by_name(deployment)
    return client.read_flow_runs(deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[of.id])))


def _last_look(client: SyncPrefectClient) -> UUID:
    [run] = client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=["watch"])), sort=FlowRunSort.START_TIME_DESC, limit=1
    )
    return run.id


def _notes(store: ObjectStore, prefix: str) -> dict[str, Note]:
    """Name of the object -> its note; of one that was overwritten the latest."""
    found = [Note.from_bytes(store.get(key), key) for key in store.list("watch/")]
    below = f"{store.address.url}{prefix}"
    chosen = [note for note in sorted(found, key=lambda note: note.seen) if note.uri.startswith(below)]
    return {note.uri.removeprefix(below): note for note in chosen}


def _all_ended(client: SyncPrefectClient, deployment: str, count: int) -> None:
    def told() -> bool:
        states = [run.state for run in _runs(client, deployment)]
        return len(states) == count and all(state and state.is_final() for state in states)

    until(told, 90)


def test_new_objects_run_to_their_end_and_a_bad_one_is_marked(
    shop: Toys, store: ObjectStore, client: SyncPrefectClient
) -> None:
    """The first look is that of the deployed flow, by the worker."""
    objects = {"a.mp4": b"abc", "cam 1/b.MP4": b"abcd", "bad.mp4": b"bad one", "empty.mp4": b"", "list.txt": b"a"}
    for name, content in objects.items():
        store.put(f"incoming/{name}", content)
    first = client.create_flow_run_from_deployment(client.read_deployment_by_name("watch/watched").id)
    until(lambda: client.read_flow_run(first.id).state.is_final(), 120)  # type: ignore[union-attr]
    assert client.read_flow_run(first.id).state_name == "Completed"
    _all_ended(client, "watched/default", 3)

    second = _look("incoming/", "watched/default", suffixes=[".mp4"])
    boo = "Stage 'toy_length' failed: ValueError: bad one is no film"
    empty = f"{store.address.url}incoming/empty.mp4"
    assert {name: second[name] for name in ("started", "done", "failed", "refused", "ignored")} == {
        "started": 0, "done": 2, "failed": 1, "refused": 1, "ignored": 1,
    }  # fmt: skip
    assert boo in second["errors"][f"{store.address.url}incoming/bad.mp4"]
    assert second["errors"][empty] == f"{empty} is empty (0 bytes). Upload it again."
    notes = _notes(store, "incoming/")
    assert {name: note.state for name, note in notes.items()} == {
        "a.mp4": "done", "cam 1/b.MP4": "done", "bad.mp4": "failed", "empty.mp4": "refused",
    }  # fmt: skip
    for name in ("a.mp4", "cam 1/b.MP4"):
        manifest = json.loads(store.get(f"jobs/{notes[name].job_id}/manifest.json"))
        assert (manifest["state"], manifest["outputs"]["length"]) == ("done", len(objects[name]))
        assert manifest["inputs"]["video"]["uri"] == notes[name].uri
    own = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[_last_look(client)]))
    [table] = client.read_artifacts(artifact_filter=own)
    assert [row["state"] for row in json.loads(str(table.data))] == ["refused", "failed", "done", "done"]
    assert _look("incoming/", "watched/default", suffixes=[".mp4"])["started"] == 0


class Killed(BaseException):
    """What ends a process that nobody asks."""


class TestTwice:
    def test_nothing_is_started_by_one_that_was_killed_before_it_noted(
        self, store: ObjectStore, client: SyncPrefectClient, idle: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("a.mp4", "b.mp4"):
            store.put(f"killed/{name}", b"abc")
        keep = Ledger.keep

        def dies_at_the_second(ledger: Ledger, note: Note) -> None:
            if note.uri.endswith("b.mp4"):
                raise Killed
            keep(ledger, note)

        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "keep", dies_at_the_second)
            with pytest.raises(Killed):
                _look("killed/", idle)
        assert set(_notes(store, "killed/")) == {"a.mp4"}
        created = {str(run.id) for run in _runs(client, idle)}
        assert len(created) == 2
        _look("killed/", idle)
        assert {note.flow_run_id for note in _notes(store, "killed/").values()} == created
        assert len(_runs(client, idle)) == 2

    def test_nothing_is_started_by_two_who_look_at_once(
        self, store: ObjectStore, client: SyncPrefectClient, idle: str
    ) -> None:
        names = [f"{number}.mp4" for number in range(6)]
        for name in names:
            store.put(f"both/{name}", name.encode())
        uri = folder_uri("both/", store.address)

        def look(_: int) -> None:
            with runs_of(idle, "video", {}) as runs:
                Watch(Folder(uri, store.address), Ledger(store, "both"), runs, store).look(Wanted())

        with ThreadPoolExecutor(2) as both:
            list(both.map(look, range(2)))
        runs = _runs(client, idle)
        assert len(runs) == len(names)
        assert {note.flow_run_id for note in _notes(store, "both/").values()} == {str(run.id) for run in runs}
        assert {run.name for run in runs} == {note.job_id for note in _notes(store, "both/").values()}
        assert all("watch" in run.tags for run in runs)

    def test_an_object_that_is_overwritten_is_another_one(
        self, store: ObjectStore, client: SyncPrefectClient, idle: str
    ) -> None:
        for content, started in ((b"abc", 1), (b"abc", 0), (b"abcd", 1)):
            store.put("over/a.mp4", content)
            assert _look("over/", idle)["started"] == started
        assert len({run.parameters["job_id"] for run in _runs(client, idle)}) == 2


class TestRefused:
    def test_parameters_that_the_deployment_refuses_are_told_at_the_object(
        self, store: ObjectStore, client: SyncPrefectClient, idle: str
    ) -> None:
        store.put("many/a.mp4", b"abc")
        told = _look("many/", idle, parameters={"toy_length": {"times": 99}})
        assert told["refused"] == 1
        assert "99 is greater than the maximum of 9" in str(_notes(store, "many/")["a.mp4"].error)
        assert _look("many/", idle, parameters={"toy_length": {"times": 99}})["started"] == 0
        assert _runs(client, idle) == []
        assert _look("many/", idle, parameters={"toy_length": {"times": 2}})["started"] == 1
        [run] = _runs(client, idle)
        assert run.parameters["toy_length"] == {"times": 2}
        assert run.parameters["video"] == f"{store.address.url}many/a.mp4"

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"deployment": "watched/nowhere"}, r"There is no deployment 'watched/nowhere'"),
            ({"deployment": "watch/watched"}, r"'watch/watched' is no deployment of a profile"),
            ({"input": "vidoe"}, r"has no parameter 'vidoe'; did you mean 'video'\?"),
            ({"parameters": {"toy_lenght": {}}}, r"has no parameter 'toy_lenght'; did you mean 'toy_length'\?"),
            ({"parameters": {"job_id": "one"}}, r"'job_id' is set for each object"),
            ({"prefix": "watch/"}, r"Stagewright itself writes there"),
        ],
        ids=["no deployment", "no profile", "no input", "no parameter", "own parameter", "own folder"],
    )
    def test_what_is_wrong_with_all_fails_the_look_and_marks_nothing(
        self, store: ObjectStore, idle: str, given: dict[str, Any], told: str
    ) -> None:
        store.put("wrong/a.mp4", b"abc")
        with pytest.raises(UsageError, match=told):
            _look(**{"prefix": "wrong/", "deployment": idle, **given})
        assert _notes(store, "wrong/") == {}

    def test_a_bucket_that_is_not_there(self, store: ObjectStore, idle: str) -> None:
        with pytest.raises(
            BucketMissing, match=r"^s3://nobody-has-this/in/ cannot be watched: the store has no bucket"
        ):
            _look("s3://nobody-has-this/in/", idle)


def test_what_failed_is_started_again_when_asked(store: ObjectStore, client: SyncPrefectClient, idle: str) -> None:
    store.put("again/a.mp4", b"abc")
    _look("again/", idle)
    [first] = _runs(client, idle)
    client.set_flow_run_state(first.id, Cancelled(message="by hand"), force=True)
    assert _look("again/", idle)["failed"] == 1
    note = _notes(store, "again/")["a.mp4"]
    assert (note.state, note.error) == ("cancelled", "by hand")
    assert _look("again/", idle, again=["a.mp4"])["started"] == 1
    note = _notes(store, "again/")["a.mp4"]
    assert (note.state, note.attempt) == ("started", 2)
    assert UUID(str(note.flow_run_id)) != first.id
    assert len(_runs(client, idle)) == 2


def test_the_form_says_what_it_takes_and_refuses_the_rest() -> None:
    found = load_flow_from_entrypoint("flows.watch.watch")
    assert isinstance(found, Flow)
    form = found.parameters.model_dump()
    assert form["required"] == ["prefix", "deployment"]
    assert all(told["description"] for told in form["properties"].values())
    assert (form["properties"]["at_most"]["minimum"], form["properties"]["at_most"]["maximum"]) == (1, 1000)
    page = (Path(__file__).parents[2] / "docs" / "watching.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) ?\|", page.split("## ")[0], re.M))
    said = {"None": "", "[]": "none", "{}": "none", str(VIDEOS): "videos"}
    defaults = {name: str(told.get("default")) for name, told in form["properties"].items()}
    assert rows == {name: said.get(default, f"`{default}`") for name, default in defaults.items()}
    for nonsense in (
        {"at_most": 0},
        {"deployment": "watched"},
        {"settled_seconds": -1},
        {"prefix": ""},
        {"again": [""]},
    ):
        with pytest.raises(ParameterTypeError):
            found.validate_parameters({"prefix": "in/", "deployment": "p/d", **nonsense})
