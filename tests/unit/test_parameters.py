"""What Prefect's form and API take for the parameters of a flow, before anything runs."""

from __future__ import annotations

from typing import Any

import pytest
from prefect.exceptions import ParameterTypeError

from deployments.deploying.parameter_faults import form_faults
from deployments.deploying.wanted import form_of
from flows.assemble import JobFlow, assemble
from flows.jobs.job import check_job_id
from flows.load import load_profile
from stages.core.errors import UsageError


@pytest.fixture(scope="module")
def flow() -> JobFlow:
    return assemble(load_profile("brand-exposure"))


def properties(flow: JobFlow) -> dict[str, Any]:
    found: dict[str, Any] = flow.parameters.model_dump()["properties"]
    return found


def settings(flow: JobFlow, stage: str) -> dict[str, Any]:
    """What the form knows of a stage: the description of its settings' model, and each of them."""
    model = properties(flow)[stage]["$ref"].rpartition("/")[2]
    found: dict[str, Any] = flow.parameters.model_dump()["definitions"][model]
    return found


def test_every_part_of_the_form_is_named_as_in_the_profile_and_described(flow: JobFlow) -> None:
    assert "s3://" in properties(flow)["video"]["description"]
    for entry in load_profile("brand-exposure").stages:
        shown = settings(flow, entry.id)
        assert shown["description"]
        assert all(field["title"] == name for name, field in shown["properties"].items())
        assert all(field["description"] for field in shown["properties"].values())
        assert "`" not in str(shown)  # the form knows no Markdown
        assert shown["description"].startswith("Off, unless switched on") is not entry.enabled


@pytest.mark.parametrize(
    ("stage", "field", "told"),
    [
        ("extract_frames", "quality", "(30 to 100)"),
        ("extract_frames", "fps", "(more than 0, at most 60)"),
        ("escalate", "max_failed", "(at least 0)"),
    ],
)
def test_bounds_are_told_in_words(flow: JobFlow, stage: str, field: str, told: str) -> None:
    assert settings(flow, stage)["properties"][field]["description"].endswith(f" {told}")


def test_switches_say_what_the_stage_does_in_a_sentence(flow: JobFlow) -> None:
    switches = settings(flow, "enabled")["properties"]
    assert switches["find_text"]["title"] == "find_text"
    assert switches["find_text"]["description"] == "Find the places of text in every picture, without reading it."
    assert {id for id, switch in switches.items() if not switch["default"]} == {"crop_regions", "escalate"}


def test_job_id_is_a_plain_text_field(flow: JobFlow) -> None:
    shown = properties(flow)["job_id"]
    assert (shown["type"], shown["default"]) == ("string", "")
    assert "A-Z" in shown["pattern"]  # the form and the server refuse the others


def test_an_input_that_names_nothing_is_refused_by_form_and_flow(flow: JobFlow) -> None:
    assert properties(flow)["video"]["minLength"] == 1
    with pytest.raises(ParameterTypeError, match="video"):
        flow.validate_parameters({"video": ""})


@pytest.mark.parametrize("stage", ["match_brands", "escalate"])
def test_a_brand_without_a_name_is_refused_by_the_form(flow: JobFlow, stage: str) -> None:
    form = form_of(flow)
    assert list(form_faults(form, {stage: {"brands": ["NORDVIK", "東京|Tōkyō"]}, "video": "x.mp4"})) == []
    for blank in ("", "   "):
        [(where, told)] = form_faults(form, {stage: {"brands": ["NORDVIK", blank]}, "video": "x.mp4"})
        assert (where, told) == (f"{stage}.brands.1", f"found {blank!r}, expected a text that is not blank")


def test_refresh_offers_the_stages_and_all(flow: JobFlow) -> None:
    stages = [entry.id for entry in load_profile("brand-exposure").stages]
    assert properties(flow)["refresh"]["items"]["enum"] == [*stages, "all"]
    assert properties(flow)["refresh"]["default"] == []
    given = flow.validate_parameters({"video": "x.mp4", "refresh": ["read_text", "all"]})
    assert given["refresh"] == ["read_text", "all"]


def test_refresh_of_what_is_no_stage_is_refused(flow: JobFlow) -> None:
    with pytest.raises(ParameterTypeError, match=r"refresh\.0"):
        flow.validate_parameters({"video": "x.mp4", "refresh": ["read_txet"]})


@pytest.mark.parametrize("job_id", ["night-1", "a" * 100, "0._-"])
def test_a_job_id_that_names_a_folder_is_taken(flow: JobFlow, job_id: str) -> None:
    assert flow.validate_parameters({"video": "x.mp4", "job_id": job_id})["job_id"] == check_job_id(job_id)


@pytest.mark.parametrize("job_id", ["../x", "a/b", ".x", "a" * 101, "a b", "a\n"])
def test_another_is_refused_as_the_command_refuses_it(flow: JobFlow, job_id: str) -> None:
    with pytest.raises(UsageError):
        check_job_id(job_id)
    with pytest.raises(ParameterTypeError, match="job_id"):
        flow.validate_parameters({"video": "x.mp4", "job_id": job_id})


@pytest.mark.parametrize("empty", [None, ""])
def test_none_is_made_of_time_and_profile(flow: JobFlow, empty: str | None) -> None:
    assert not flow.validate_parameters({"video": "x.mp4", "job_id": empty})["job_id"]
