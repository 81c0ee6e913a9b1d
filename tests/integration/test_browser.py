"""In a browser, on a real server and worker: a profile's form, what it refuses, a run's page, and its report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import expect

from bench.prefect_ui import Form, Prefect, chromium, opened
from bench.sample import render_sample
from flows.connections import Connections
from flows.load import load_profile
from stages.core.registry import get_stage
from tests.integration.conftest import toys_in
from tests.integration.driving import Ended, Toys
from tests.integration.waiting import until

pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium here: apt-get install chromium")

KNOWN_OUTSIDE = {"sr-client-cfg.amplitude.com"}  # Prefect's UI asks there how to tell of itself, and may tell nothing


@dataclass(frozen=True)
class Deployed:
    """brand-exposure/default on the session's server, with a worker that runs it. `folder` is the worker's."""

    id: str
    folder: Path


@pytest.fixture(scope="module")
def deployed(services: Connections, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    toys = toys_in(tmp_path_factory.mktemp("browser"), replace(services.store, prefix=f"test-{uuid4().hex}/"))
    toys.environment["PREFECT_API_URL"] = services.prefect_api_url
    _done(toys, "up", "--worker")
    try:
        changes = _done(toys, "deploy", "brand-exposure", "--json").json["changes"]
        with httpx.Client(base_url=services.prefect_api_url, timeout=60) as api:
            names = [change["what"].split()[1] for change in changes if change["what"].startswith("deployment ")]
            ids = {name: api.get(f"/deployments/name/{name}").json()["id"] for name in names}
            yield Deployed(ids["brand-exposure/default"], toys.folder)
            for id in ids.values():  # one watches a folder, and would go on when another test has a worker
                # 503 while it writes something else, as the UI's Run is told: Prefect's own client asks again too
                until(lambda id=id: api.delete(f"/deployments/{id}").status_code in (204, 404))  # type: ignore[misc]
    finally:
        _done(toys, "down")


@pytest.fixture(scope="module")
def ui(services: Connections) -> Iterator[Prefect]:
    """A window; no test of this module has another, since Prefect's own client does not work beside its loop."""
    with opened(services.prefect_api_url) as window:
        yield window


@pytest.fixture
def form(ui: Prefect, deployed: Deployed) -> Form:
    return ui.form(deployed.id)


def _done(toys: Toys, *args: str) -> Ended:
    ended = toys.command(*args)
    assert ended.code == 0, ended.err
    return ended


def _runs(ui: Prefect, deployed: Deployed) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ui.ask("/flow_runs/filter", deployments={"id": {"any_": [deployed.id]}})
    return found


def test_the_form_has_every_setting_of_every_stage_with_its_words_and_the_profiles_value(form: Form) -> None:
    profile = load_profile("brand-exposure")
    assert "s3://" in form.words("video")
    for entry in profile.stages:
        settings = get_stage(entry.stage).settings.model_validate(entry.config)
        assert form.value("enabled", entry.id) is entry.enabled
        assert form.words(entry.id).startswith("Off, unless switched on") is not entry.enabled
        for name, info in type(settings).model_fields.items():
            held, value = form.value(entry.id, name), getattr(settings, name)
            assert (float(held) if isinstance(value, float) else held) == (str(value) if type(value) is int else value)
            assert (info.description or "").replace("`", "'") in form.words(entry.id, name)
    assert form.words("extract_frames", "quality").endswith("(30 to 100)")
    form.part("escalate", "tokens_field").get_by_role("button").last.click()
    assert form.ui.page.get_by_role("option").all_inner_texts() == ["max_tokens", "max_completion_tokens"]


def test_wrong_values_are_refused_before_there_is_a_run(form: Form, ui: Prefect, deployed: Deployed) -> None:
    form.submit()
    expect(form.part("video")).to_contain_text("'video' is a required property")

    form.fill("500", "match_brands", "threshold")
    form.submit()
    assert "100" in form.refused("match_brands", "threshold")

    form.fill("80", "match_brands", "threshold")
    form.fill("0", "extract_frames", "fps")
    form.fill("../x", "job_id")
    form.submit()
    expect(form.part("extract_frames", "fps")).to_contain_text("0 is less than or equal to the minimum of 0")
    expect(form.part("job_id")).to_contain_text("'../x' does not match")
    assert _runs(ui, deployed) == []


def test_a_changed_setting_runs_and_the_page_shows_what_became_of_it_down_to_the_report(
    form: Form, ui: Prefect, deployed: Deployed
) -> None:
    film, job = deployed.folder / "match.mp4", f"browser-{uuid4().hex[:8]}"
    render_sample(film, seconds=1, size=(320, 180), brands=["NORDVIK"])
    form.fill(str(film), "video")
    form.fill("80", "match_brands", "threshold")
    form.fill(job, "job_id")
    run = form.run()
    run.ends("Completed")

    run.open("Artifacts")
    expect(run.card("brand-exposure-find-text-result")).to_contain_text(re.compile(r"find_text ran · .* boxes", re.S))
    expect(run.card("brand-exposure-summary")).to_contain_text(f"Job {job}: 7 ran, 2 skipped")
    expect(run.card("brand-exposure-extract-frames-progress")).to_be_visible()
    table = run.artifact("brand-exposure-summary").get_by_role("table")
    expect(table.get_by_role("row").filter(has_text="escalate")).to_contain_text("skipped")

    report = run.report()
    expect(report).to_have_title("Brand exposure – match.mp4")
    expect(report.get_by_role("row").filter(has_text="NORDVIK").first).to_be_visible()
    expect(report.get_by_text(job).first).to_be_visible()
    [given] = [run["parameters"]["match_brands"] for run in _runs(ui, deployed) if run["name"] == job]
    assert (given["threshold"], given["near"]) == (80, 65)
    assert ui.outside <= KNOWN_OUTSIDE
