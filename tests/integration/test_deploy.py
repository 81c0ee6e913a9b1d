"""Profiles deployed to a real server, and run there by a real worker: by command, by schedule, as the UI does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate, VariableCreate, WorkPoolCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError

from deployments.deploying.server import Server
from deployments.deploying.wanted import Wanted
from deployments.local.prefect_worker import POOL
from flows.connections import Connections
from stages.core.errors import ObjectMissing, UsageError
from stages.core.objects import ObjectStore
from stages.core.store_address import StoreAddress
from tests.integration.conftest import toys_in
from tests.integration.driving import Ended, Toys
from tests.integration.test_loopback import LOOPBACK, family, reachable
from tests.integration.waiting import until

ROOT = Path(__file__).parents[2]
PREFECT = str(Path(sys.executable).parent / "prefect")

COUNTED = """
name: counted
label: Numbers
description: Numbers and words.
stages:
  - toy_source: {n: 7}
  - id: double
    stage: toy_scale
    config: {factor: 2}
  - toy_listed: {words: [one]}
deploy:
  tags: [toys]
  limit: 3
  schedules:
    - name: often
      every: 2
      active: false
      parameters: {double: {factor: 11}}
"""


@pytest.fixture(scope="module")
def toys(services: Connections, tmp_path_factory: pytest.TempPathFactory) -> Toys:
    """A folder of profiles, and a home of their own on the session's server and store."""
    folder = tmp_path_factory.mktemp("deployed")
    (folder / "profiles").mkdir()
    found = toys_in(folder, replace(services.store, prefix=f"test-{uuid4().hex}/"))
    found.environment |= {"STAGEWRIGHT_PROFILES": "profiles", "PREFECT_API_URL": services.prefect_api_url}
    _write(found, COUNTED)
    return found


@pytest.fixture(scope="module")
def worker(toys: Toys) -> Iterator[Toys]:
    """The same, deployed, with the worker that `up --worker` starts."""
    assert toys.command("up", "--worker").code == 0
    try:
        assert toys.command("deploy", "counted").code == 0
        yield toys
    finally:
        assert "Prefect worker" in toys.command("down").out


@pytest.fixture
def client() -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as found:
        yield found


def _write(toys: Toys, text: str) -> None:
    (toys.folder / "profiles" / "counted.yaml").write_text(text)


def _deploy(toys: Toys, *args: str) -> dict[str, str]:
    """What came of each thing."""
    done = toys.command("deploy", "--json", *args)
    assert done.code == 0, done.err
    return {change["what"]: change["kind"] for change in done.json["changes"]}


def _prefect(toys: Toys, *args: str, cwd: Path | None = None) -> Ended:
    command = [PREFECT, "--no-prompt", *args]
    done = subprocess.run(command, capture_output=True, text=True, env=toys.all(), cwd=cwd or toys.folder, timeout=120)
    return Ended(done.returncode, done.stdout, done.stderr)


class TestDeploying:
    def test_done_again_it_changes_nothing_and_of_what_differs_only_that(
        self, toys: Toys, client: SyncPrefectClient
    ) -> None:
        first = toys.command("deploy", "counted")
        assert first.code == 0, first.err
        assert "+ deployment counted/default" in first.out
        again = toys.command("deploy", "counted")
        assert set(_deploy(toys, "counted").values()) == {"same"}
        assert "Nothing differs." in again.out

        there = client.read_deployment_by_name("counted/ray")
        assert there.job_variables == {"env": {"STAGEWRIGHT_RUNNER": "ray"}}
        client.update_deployment(there.id, DeploymentUpdate(concurrency_limit=9, tags=there.tags))
        dry = toys.command("deploy", "counted", "--dry-run")
        assert "~ deployment counted/ray\n    concurrency_limit: 9 → 3\n" in dry.out
        assert "0 to make, 1 to change; nothing was done." in dry.out
        assert _deploy(toys, "counted")["deployment counted/ray"] == "change"
        limit = client.read_deployment_by_name("counted/ray").global_concurrency_limit
        assert limit
        assert limit.limit == 3

    def test_the_limit_of_gpus_is_one_until_another_is_given(self, toys: Toys, client: SyncPrefectClient) -> None:
        def limit() -> int:
            return client.read_concurrency_limit_by_tag("gpu").concurrency_limit

        _deploy(toys, "counted")
        assert limit() == 1
        assert _deploy(toys, "counted", "--gpus", "4")["concurrency limit of the tag gpu"] == "change"
        assert (limit(), _deploy(toys, "counted")["concurrency limit of the tag gpu"]) == (4, "same")

    def test_what_was_set_in_the_ui_stays(self, toys: Toys, client: SyncPrefectClient) -> None:
        _deploy(toys, "counted")
        there = client.read_deployment_by_name("counted/often")
        assert there.parameters == {"double": {"factor": 11}}
        [own] = there.schedules
        mine = DeploymentScheduleCreate(schedule=IntervalSchedule(interval=86400), active=False)  # type: ignore[arg-type]
        [added] = client.create_deployment_schedules(there.id, [mine])
        _write(toys, COUNTED.replace("every: 2", "every: 3").replace("active: false", "active: true"))
        try:
            assert _deploy(toys, "counted")["deployment counted/often"] == "change"
            now = {schedule.id: schedule for schedule in client.read_deployment_schedules(there.id)}
            assert set(now) == {own.id, added.id}
            assert now[own.id].schedule.interval.total_seconds() == 3  # type: ignore[union-attr]
            assert not now[own.id].active
        finally:
            client.delete_deployment_schedule(there.id, added.id)
            _write(toys, COUNTED)
            _deploy(toys, "counted")

    def test_a_faulty_profile_stops_all_of_it_and_every_fault_is_told(
        self, toys: Toys, client: SyncPrefectClient
    ) -> None:
        folder = toys.folder / "profiles"
        (folder / "afterwards.yaml").write_text("name: afterwards\nstages: [toy_source]\n")
        (folder / "faulty.yaml").write_text("name: faulty\nstages:\n  - toy_source: {n: -1}\n  - toy_sourse\n")
        schedule = "deploy: {schedules: [{name: a, cron: often, parameters: {}}]}"
        (folder / "untimely.yaml").write_text(f"name: untimely\nstages: [toy_source]\n{schedule}\n")
        (folder / "watchful.yaml").write_text(
            "name: watchful\nstages: [toy_source]\ndeploy: {watch: {prefix: jobs/}}\n"
        )
        given = schedule.replace("cron: often", "every: 60").replace("{}", "{toy_source: {n: many}}")
        (folder / "unwilling.yaml").write_text(f"name: unwilling\nstages: [toy_source]\n{given}\n")
        try:
            refused = toys.command("deploy")
            assert refused.code == 2
            assert "Nothing is deployed." in refused.err
            assert "faulty.yaml:3: stage 'toy_source', field 'n': found -1" in refused.err
            assert "there is no stage 'toy_sourse'; did you mean 'toy_source'?" in refused.err
            assert (
                "untimely.yaml:3: field 'deploy.schedules.0.cron': found 'often', expected minute, hour" in refused.err
            )
            unwilling = (
                "unwilling.yaml:3: field 'deploy.schedules.0.parameters.toy_source.n': found 'many', expected integer"
            )
            assert unwilling in refused.err
            assert "field 'deploy.watch.prefix': s3://" in refused.err
            assert "field 'deploy.watch.input': there is no input 'video'" in refused.err
            for name in ("afterwards", "faulty"):
                with pytest.raises(ObjectNotFound):
                    client.read_deployment_by_name(f"{name}/default")
            told = toys.command("deploy", "--json").json["faults"]
            assert ("deploy.watch.input", 3) in [(fault["field"], fault["line"]) for fault in told]
            unknown = toys.command("deploy", "countd").err
            assert "There is no profile 'countd' to deploy; did you mean 'counted'?" in unknown
        finally:
            for name in ("afterwards", "faulty", "untimely", "unwilling", "watchful"):
                (folder / f"{name}.yaml").unlink()

    def test_a_pool_that_takes_no_such_deployment_is_told_as_the_server_tells_it(
        self, toys: Toys, client: SyncPrefectClient
    ) -> None:
        variables = {"type": "object", "properties": {"env": {"type": "string"}}}
        template = {"job_configuration": {"env": "{{ env }}"}, "variables": variables}
        client.create_work_pool(WorkPoolCreate(name="narrow", type="process", base_job_template=template))
        refused = toys.command("deploy", "counted", "--pool", "narrow")
        client.delete_work_pool("narrow")
        assert refused.code == 2
        # 409, and in other words, where it makes one; 422 where it changes the one that another test has left
        assert re.search(r"The Prefect server refuses the deployment counted/default \((409|422)\): \w+", refused.err)
        assert refused.err.rstrip().endswith("Mend it and deploy again.")

    def test_so_is_what_no_check_has_seen(self, toys: Toys, client: SyncPrefectClient) -> None:
        server = Server(client, POOL, str(ROOT), dry=False)
        server.make_pool()
        form = {"type": "object", "properties": {"n": {"type": "integer"}}}
        plain = Wanted("unchecked", "default", "flows.watch.watch", "", [], 1, "ENQUEUE", form, {"n": "many"})
        with pytest.raises(UsageError, match=r"refuses the deployment unchecked/default \(422\): .*field 'n'"):
            server.deploy(plain)

    def test_what_no_profile_wants_any_more_is_told(
        self, toys: Toys, client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        renamed = toys.folder / "profiles" / "renamed.yaml"
        renamed.write_text("name: renamed\nstages: [toy_source]\n")
        _deploy(toys, "renamed")
        renamed.unlink()
        told = toys.command("deploy", "--dry-run")
        assert "? deployment renamed/ray\n" in told.out
        assert "prefect deployment delete renamed/default" in told.err
        monkeypatch.setattr("deployments.deploying.server._PAGE", 1)
        seen = {change.what for change in Server(client, POOL, str(ROOT), dry=True).unwanted([])}
        assert seen >= {"deployment counted/default", "deployment counted/ray", "deployment renamed/default"}
        assert "renamed" not in toys.command("deploy", "counted", "--dry-run").out  # which does not look at the rest
        for name in ("default", "ray"):
            client.delete_deployment(client.read_deployment_by_name(f"renamed/{name}").id)

    def test_from_a_clone_prefect_itself_does_the_same(self, toys: Toys, client: SyncPrefectClient) -> None:
        shipped = {"STAGEWRIGHT_PROFILES": "", "STAGEWRIGHT_STAGE_MODULES": ""}
        toys = Toys(toys.folder, toys.environment | shipped)
        toys.command("deploy", "scene-index")  # makes the work pool, as `up --worker` does
        made = _prefect(toys, "deploy", "--all", cwd=ROOT)
        assert made.code == 0, made.out + made.err
        compared = subprocess.run(
            [str(Path(sys.executable).parent / "stagewright"), "deploy", "--dry-run", "--json"],
            **{"capture_output": True, "text": True, "env": toys.all(), "cwd": ROOT, "timeout": 60},
        )
        client.delete_deployment(client.read_deployment_by_name("watch/brand-exposure").id)  # it would look for ever
        changes = {change["what"]: change for change in json.loads(compared.stdout)["changes"]}
        others = {what for what, change in changes.items() if change["kind"] not in ("same", "unwanted")}
        assert others == set(), changes
        assert "deployment watch/brand-exposure" in changes

    def test_prefect_yaml_is_what_the_profiles_say(self, toys: Toys) -> None:
        told = toys.command("deploy", "--prefect-yaml").out
        told_anew = "stagewright deploy --prefect-yaml > prefect.yaml"
        assert told == (ROOT / "prefect.yaml").read_text(), f"make it again: {told_anew}"


class TestRunning:
    def test_by_prefects_own_command_settings_that_are_not_given_stay_the_profiles(self, worker: Toys) -> None:
        given = ("--param", 'double={"factor": 5}', "--param", 'job_id="by-command"', "--param", 'label="For Anna"')
        started = _prefect(worker, "deployment", "run", "counted/default", *given)
        assert started.code == 0, started.err
        manifest = _manifest(worker, "by-command")
        assert manifest["label"] == "For Anna"
        assert manifest["settings"]["toy_source"]["n"] == 7
        assert (manifest["settings"]["double"]["factor"], manifest["settings"]["double"]["fail"]) == (5, "")
        assert "For Anna" in worker.command("show", "by-command").out

    @pytest.mark.parametrize(
        "nonsense",
        [{"double": {"factor": "many"}}, {"toy_source": {"n": -3}}, {"double": {"factr": 2}}, {"refresh": ["nobody"]}],
        ids=str,
    )
    def test_nonsense_is_refused_before_there_is_a_run(
        self, worker: Toys, client: SyncPrefectClient, nonsense: dict[str, Any]
    ) -> None:
        deployment = client.read_deployment_by_name("counted/default")
        before = len(_runs(client, deployment.id))
        with pytest.raises(PrefectHTTPStatusError, match="Validation failed"):
            client.create_flow_run_from_deployment(deployment.id, parameters=nonsense)
        assert len(_runs(client, deployment.id)) == before

    def test_the_ui_can_fill_a_setting_from_a_variable(self, worker: Toys, client: SyncPrefectClient) -> None:
        client.create_variable(VariableCreate(name="deployed_words", value=["sun", "sand"]))
        chosen = {"__prefect_kind": "workspace_variable", "variable_name": "deployed_words"}
        deployment = client.read_deployment_by_name("counted/default")
        client.create_flow_run_from_deployment(
            deployment.id, parameters={"toy_listed": {"words": chosen}, "job_id": "by-variable"}
        )
        assert _manifest(worker, "by-variable")["settings"]["toy_listed"]["words"] == ["sun", "sand"]

    def test_a_schedule_fires_as_soon_as_it_is_deployed(self, worker: Toys, client: SyncPrefectClient) -> None:
        ticking = COUNTED.replace("name: counted", "name: ticking").replace("active: false", "active: true")
        (worker.folder / "profiles" / "ticking.yaml").write_text(ticking)
        _deploy(worker, "ticking")
        deployment = client.read_deployment_by_name("ticking/often")
        try:
            # the server looks every five seconds at what is new, and every minute at all
            until(lambda: any(map(_fired, _runs(client, deployment.id))), 180)
        finally:
            client.update_deployment_schedule(deployment.id, deployment.schedules[0].id, active=False)
        run = next(filter(_fired, _runs(client, deployment.id)))
        assert _manifest(worker, run.name)["settings"]["double"]["factor"] == 11


class TestWorker:
    def test_it_listens_on_loopback_only(self, worker: Toys) -> None:
        [found] = [s for s in worker.command("status", "--json").json["services"] if s["name"] == "worker"]
        ips = {ip for process in family(found["pid"]) for ip in reachable(process)}
        assert ips
        assert ips <= LOOPBACK

    def test_it_is_left_as_it_is_until_what_its_runs_are_given_is_another(self, worker: Toys) -> None:
        def process() -> int:
            [found] = [s for s in worker.command("status", "--json").json["services"] if s["name"] == "worker"]
            assert found["state"] == "running"
            return int(found["pid"])

        first = process()
        worker.command("up", "--worker")
        assert process() == first
        other = Toys(worker.folder, worker.environment | {"STAGEWRIGHT_WORKERS": "1"})
        restarted = other.command("up", "--worker")
        assert "The Prefect worker (process" in restarted.err
        assert process() != first


def _manifest(toys: Toys, job_id: str) -> dict[str, Any]:
    """The job's, when it is done."""
    told, found = toys.environment, dict[str, Any]()
    keys = (told["AWS_ACCESS_KEY_ID"], told["AWS_SECRET_ACCESS_KEY"])
    where = (told["STAGEWRIGHT_S3_BUCKET"], told["STAGEWRIGHT_S3_PREFIX"], told["AWS_ENDPOINT_URL"])
    store = ObjectStore(StoreAddress(*where, *keys))

    def is_done() -> bool:
        with suppress(ObjectMissing):
            found.update(json.loads(store.get(f"jobs/{job_id}/manifest.json")))
        return found.get("state") == "done"

    until(is_done, 60)
    return found


def _runs(client: SyncPrefectClient, deployment: UUID) -> list[FlowRun]:
    own = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment]))
    return client.read_flow_runs(flow_run_filter=own)


def _fired(run: FlowRun) -> bool:
    return run.auto_scheduled and run.state is not None and run.state.is_completed()
