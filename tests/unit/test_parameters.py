"""What Prefect's form and API take for the parameters of a flow, before anything runs."""

from __future__ import annotations

from typing import Any

import pytest
from prefect.exceptions import ParameterTypeError

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
