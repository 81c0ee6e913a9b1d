"""All processes of deployments/compose, on this machine: PostgreSQL, Prefect's server and worker, Ray's head and nodes.

A profile is deployed and run there as its services say, and what the server knows outlives the server. In place of
the image there is what is installed here, in place of the file's store the session's own.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
import shutil
import tempfile
import urllib.error
import urllib.request
import uuid
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deployments.aws.make_bucket import make_bucket, rules
from deployments.local import ports
from stages.core.objects import ObjectStore
from tests.integration.composed import ROOT, Composed
from tests.integration.postgres import Postgres, postgres
from tests.integration.ray_toys import noted
from tests.integration.waiting import until

pytestmark = pytest.mark.integration

PROFILE = """
name: far
stages:
  - {stage: toy_placed, config: {wait: 0.5}}
  - {stage: toy_spread, needs: [toy_placed], config: {items: 6}}
"""
ALONE = "--node-ip-address=127.0.0.1 --min-worker-port=0 --max-worker-port=0 --dashboard-agent-listen-port=0"


@dataclass
class Cluster:
    """What runs, and how to ask it."""

    services: Composed
    database: Postgres
    folder: Path
    api: str
    login: str

    def ask(self, path: str, body: Any = None, login: str | None = None) -> Any:
        """Ask Prefect's API, with the login of the file or another; with a body it is a POST."""
        basic = b64encode((login or self.login).encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api}{path}", data, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def healthy(self) -> bool:
        try:
            return bool(urllib.request.urlopen(f"{self.api}/health", timeout=5).status == 200)
        except OSError:
            return False

    def ended(self, job: str) -> list[str]:
        """The states of a job's run and of its tasks, by Prefect's tables themselves."""
        of_job = f"from flow_run where name = '{job}'"
        of_tasks = f"from task_run where flow_run_id = (select id {of_job})"
        return self.database.ask(f"select state_type {of_job} union all select state_type {of_tasks}")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: Ray's sockets below it have short paths only."""
    made = Path(tempfile.mkdtemp(prefix="sc-"))
    made.chmod(0o755)  # PostgreSQL runs as somebody else, where this is root
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def cluster(folder: Path, store: ObjectStore) -> Iterator[Cluster]:
    prefect, ray = ports.choose((0,)), ports.choose((0,))
    given = {name: secrets.token_hex(32) for name in ("POSTGRES_PASSWORD", "RAY_TOKEN", "S3_SIGNING_KEY")}
    given |= {"PREFECT_LOGIN": f"admin:{secrets.token_hex(8)}"}
    given |= {"S3_ACCESS_KEY": str(store.address.access_key), "S3_SECRET_KEY": str(store.address.secret_key)}
    (folder / "postgres").mkdir()
    with postgres(folder / "postgres", given["POSTGRES_PASSWORD"]) as database:
        there = {
            **{"prefect:4200": f"127.0.0.1:{prefect}", "4200": str(prefect), "0.0.0.0": "127.0.0.1"},
            **{"postgres": "127.0.0.1", "5432": str(database.port)},
            **{"ray-head:6379": f"127.0.0.1:{ray}", "--port=6379": f"--port={ray}"},
            **{"http://s3:8333": str(store.address.endpoint)},
        }
        services = Composed(folder, given, there, _beside(folder, store))
        with closing(services):
            yield Cluster(services, database, folder, f"http://127.0.0.1:{prefect}/api", given["PREFECT_LOGIN"])


def _beside(folder: Path, store: ObjectStore) -> dict[str, str]:
    """What the toys need, and what keeps this Ray to itself and to loopback."""
    (folder / "profiles").mkdir()
    (folder / "profiles" / "far.yaml").write_text(PROFILE)
    return {
        "STAGEWRIGHT_HOME": str(folder / "home"),
        "STAGEWRIGHT_S3_PREFIX": store.address.prefix,
        "STAGEWRIGHT_PROFILES": str(folder / "profiles"),
        "STAGEWRIGHT_STAGE_MODULES": "tests.integration.ray_toys",
        "TOY_LOG": str(folder / "ran.log"),
        "PYTHONPATH": str(ROOT),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",  # nodes end at once
        "RAY_START_HOOK": "tests.integration.ray_loopback.join",
    }


def test_a_bucket_is_made_where_it_is_missing_and_keeps_the_rules_of_others(store: ObjectStore) -> None:
    own = ObjectStore(dataclasses.replace(store.address, bucket=f"made-{uuid.uuid4().hex}", prefix="team/"))
    bucket = {"Bucket": own.address.bucket}
    make_bucket(own.address)
    theirs = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "scratch/"}, "Expiration": {"Days": 1}}
    own.client.put_bucket_lifecycle_configuration(**bucket, LifecycleConfiguration={"Rules": [theirs]})
    for _ in "12":
        make_bucket(own.address)
        kept = own.client.get_bucket_lifecycle_configuration(**bucket)["Rules"]
        by_id = {rule.pop("ID"): rule for rule in kept}
        assert by_id == {rule.pop("ID"): rule for rule in [dict(theirs), *rules("team/")]}
    own.client.delete_bucket(**bucket)


def test_a_profile_runs_on_the_processes_of_compose_and_its_run_outlives_the_server(cluster: Cluster) -> None:
    services, folder = cluster.services, cluster.folder
    services.start("prefect")
    services.start("ray-head", *ALONE.split(), "--dashboard-port=0", f"--temp-dir={folder / 'r1'}")
    until(lambda: "Ray runtime started" in services.log("ray-head"), 120)
    services.start("ray-worker", *ALONE.split(), "--num-cpus=2", f"--temp-dir={folder / 'r2'}")
    assert services.run("bucket").startswith("s3://stagewright/test-")
    until(cluster.healthy, 120)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        cluster.ask("/flows/count", {}, login="admin:guessed")

    services.run("deploy")
    deployment = cluster.ask("/deployments/name/far/ray")["id"]
    cluster.ask(f"/deployments/{deployment}/create_flow_run", {"parameters": {"job_id": "far-job"}})
    flags = f"{ALONE} --object-store-memory=100000000 --temp-dir={folder / 'r3'}"
    services.start("prefect-worker", RAY_START_FLAGS=flags)
    until(lambda: cluster.ended("far-job") == ["COMPLETED"] * 3, 120)
    [placed] = [json.loads(line) for line in noted(folder, "placed")]
    assert placed["given"] == {"CPU": 1.0}  # which neither the head nor the worker's own node has
    assert len(noted(folder, "items")) == 6

    assert services.stop("prefect-worker") == 143
    services.stop("prefect")
    assert not cluster.healthy()
    services.start("prefect")
    until(cluster.healthy, 120)
    [run] = cluster.ask("/flow_runs/filter", {"flow_runs": {"name": {"any_": ["far-job"]}}})
    assert (run["state_type"], run["parameters"]["job_id"]) == ("COMPLETED", "far-job")
