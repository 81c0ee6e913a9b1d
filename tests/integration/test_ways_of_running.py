"""One scenario over every way of running: the command, a flow in Python, an entry point; by file and by name."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.flows import load_flow_from_entrypoint

from flows import load_profile
from flows.assemble import assemble
from flows.jobs.job import new_job_id
from stages.core.errors import StageFailed
from stages.core.results import StageResult
from tests.integration.driving import Toys, in_process
from tests.integration.toy_stages import PICTURE
from tests.integration.waiting import until

Way = Callable[[Toys, int], tuple[dict[str, str], Any]]


def _by_command(toys: Toys, factor: int) -> tuple[dict[str, str], Any]:
    ended = toys.command("run", str(toys.file), "--json", "--set", f"triple.factor={factor}")
    return ended.statuses, ended.json["outputs"]["total"]


def _by_name(toys: Toys, factor: int) -> tuple[dict[str, str], Any]:
    ended = toys.command("run", "branches", "--json", "--set", f"triple.factor={factor}")
    return ended.statuses, ended.json["outputs"]["total"]


def _by_flow(toys: Toys, factor: int) -> tuple[dict[str, str], Any]:
    return _of(assemble(load_profile(toys.file))(triple={"factor": factor}))


def _by_catalog(toys: Toys, factor: int) -> tuple[dict[str, str], Any]:
    from flows import catalog

    return _of(catalog.branches(triple={"factor": factor}))


def _by_entry_point(toys: Toys, factor: int) -> tuple[dict[str, str], Any]:
    return _of(load_flow_from_entrypoint("flows.catalog.branches")(triple={"factor": factor}))


def _of(manifest: dict[str, Any]) -> tuple[dict[str, str], Any]:
    return {stage["id"]: stage["status"] for stage in manifest["stages"]}, manifest["outputs"]["total"]


@pytest.fixture
def named(toys: Toys, monkeypatch: pytest.MonkeyPatch) -> Toys:
    """The profile found by its name, in a folder of the user's own."""
    toys.file.write_text(toys.profile)
    toys.environment["STAGEWRIGHT_PROFILES"] = str(toys.folder)
    monkeypatch.setenv("STAGEWRIGHT_PROFILES", str(toys.folder))
    from flows.catalog import flow_of

    flow_of.cache_clear()
    return toys


@pytest.mark.parametrize("way", [_by_command, _by_name, _by_flow, _by_catalog, _by_entry_point])
def test_runs_keeps_and_runs_again_what_changed(named: Toys, way: Way) -> None:
    statuses, total = way(named, 3)
    assert set(statuses.values()) == {"ran"}
    assert total == {"sum": 225, "parts": 2, "plus": 0}
    statuses, total = way(named, 3)
    assert set(statuses.values()) == {"kept"}
    statuses, total = way(named, 4)
    assert [id for id, status in statuses.items() if status == "ran"] == ["triple", "toy_sum"]
    assert total["sum"] == 270


def test_what_one_way_has_made_another_keeps(named: Toys) -> None:
    _by_command(named, 3)
    assert set(_by_catalog(named, 3)[0].values()) == {"kept"}


def test_a_flow_raises_the_error_of_its_first_failed_stage(named: Toys) -> None:
    with pytest.raises(StageFailed, match=r"^Stage 'toy_scale' failed: ValueError: boo$"):
        assemble(load_profile(named.file))(triple={"fail": "boo"})


def test_parameters_are_typed_and_nonsense_is_refused_before_anything_runs(named: Toys) -> None:
    flow = assemble(load_profile(named.file))
    schema = flow.parameters.model_dump()
    assert set(schema["properties"]) == {
        "toy_source", "double", "triple", "toy_sum", "toy_measure", "refresh", "enabled", "job_id", "label",
    }  # fmt: skip
    source = schema["definitions"]["BranchesToySource"]["properties"]["n"]
    assert (source["default"], source["maximum"]) == (10, 1000)
    assert source["description"] == "How many numbers (0 to 1000)"
    with pytest.raises(Exception, match="less than or equal to 1000"):
        flow(toy_source={"n": 1001})
    with pytest.raises(Exception, match="Extra inputs are not permitted"):
        flow(toy_source={"m": 1})
    assert named.ran() == []


def test_the_switch_of_a_stage_is_a_parameter(named: Toys) -> None:
    statuses, total = _of(assemble(load_profile(named.file))(enabled={"triple": False}))
    assert statuses["triple"] == "skipped"
    assert total["parts"] == 1


def test_the_run_page_shows_each_stage_the_summary_and_what_was_kept(named: Toys) -> None:
    job_id = new_job_id("branches")
    assemble(load_profile(named.file))(job_id=job_id)
    by_key = _artifacts(job_id)
    assert by_key["branches-toy-source-progress"].type == "progress"
    assert by_key["branches-toy-source-progress"].data == 100.0
    result = str(by_key["branches-double-result"].data)
    assert result.startswith("**double** ran")
    assert "results/toy_scale/" in result
    assert by_key["branches-double-result"].description.startswith("**double** ran · ")
    rows = json.loads(by_key["branches-summary"].data)  # a text: the UI cannot show a table that is none
    assert [row["stage"] for row in rows] == ["toy_source", "double", "triple", "toy_sum", "toy_measure"]
    assert {tuple(row) for row in rows} == {("stage", "status", "time", "size", "wrote")}
    assert by_key["branches-summary"].description == f"Job {job_id}: 5 ran"
    again = new_job_id("branches")
    assemble(load_profile(named.file))(job_id=again)
    assert str(_artifacts(again)["branches-double-result"].data).startswith("**double** was kept from an earlier run")


def test_metrics_and_logged_files_are_on_the_run_page_and_in_what_show_tells(toys: Toys) -> None:
    toys.file.write_text("name: training\nstages:\n  - toy_train\n")
    job_id = new_job_id("training")
    assemble(load_profile(toys.file))(job_id=job_id)
    page = str(_artifacts(job_id)["training-toy-train-result"].data)
    assert "| metrics: training | loss 0.333333, epoch 5 |\n| metrics: validation | mAP 0.5 |\n" in page
    assert re.search(r"^- \[notes\.txt\]\(http\S+\) · end · 12 B$", page, re.M)
    listed, shown = re.findall(r"(?:- |^!)\[loss\\_\\\[1\\\]\.png\]\((http\S+)\)", page, re.M)
    assert listed == shown
    fetched = httpx.get(shown)
    assert (fetched.content, fetched.headers["content-type"]) == (PICTURE, "image/png")
    assert fetched.headers["content-disposition"] == "inline; filename*=UTF-8''loss_%5B1%5D.png"
    told = in_process("show", job_id, "toy_train").out
    assert 'metrics: {"training": {"loss": 0.3333333333333333, "epoch": 5}, "validation": {"mAP": 0.5}}' in told
    address = re.search(r"^file notes\.txt: end, 12 B, (http\S+)$", told, re.M)
    assert address
    assert httpx.get(address[1]).text == "it went well"


def test_tasks_are_named_by_their_stages_and_their_results_are_read_by_the_api(named: Toys) -> None:
    job_id = new_job_id("branches")
    assemble(load_profile(named.file))(job_id=job_id)
    with get_client(sync_client=True) as client:
        run = _run(client, job_id)
        chosen = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
        ended = lambda: [t for t in client.read_task_runs(flow_run_filter=chosen) if t.state and t.state.is_final()]  # noqa: E731
        until(lambda: len(ended()) == 5)
        tasks = {task.name.rsplit("-", 1)[0]: task for task in ended()}
    assert set(tasks) == {"toy_source", "double", "triple", "toy_sum", "toy_measure"}
    result = tasks["double"].state.result(_sync=True)
    assert isinstance(result, StageResult)
    assert result.envelope.writes["scaled"].value == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]


def test_importing_flows_and_checking_a_profile_import_no_prefect() -> None:
    code = (
        "import sys, flows; from flows import load_profile, check_profile; import deployments.command;"
        "assert check_profile(load_profile('brand-exposure'))[0];"
        "heavy = {'prefect', 'ray', 'boto3', 'av', 'cv2', 'onnxruntime', 'rapidocr', 'pyarrow', 'jinja2'};"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True)
    assert done.stdout.strip() == "[]"


def _run(client: Any, job_id: str) -> Any:
    from prefect.client.schemas.filters import FlowRunFilterName

    [run] = client.read_flow_runs(flow_run_filter=FlowRunFilter(name=FlowRunFilterName(any_=[job_id])))
    return run


def _artifacts(job_id: str) -> dict[str, Any]:
    from prefect.client.schemas.filters import FlowRunFilterName

    with get_client(sync_client=True) as client:
        found = client.read_artifacts(flow_run_filter=FlowRunFilter(name=FlowRunFilterName(any_=[job_id])))
    return {artifact.key: artifact for artifact in found}
