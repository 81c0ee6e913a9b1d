"""What a profile's `deploy:` is refused for before a server is asked: parameters that no run would get by with."""

from __future__ import annotations

import pytest

from deployments.deploying.deploy_check import deploy_faults
from flows.assemble import JobFlow, assemble
from flows.load import parse_profile
from stages.core.store_address import StoreAddress

OWN = StoreAddress("clips")
NIGHTLY = 'schedules: [{name: nightly, cron: "0 2 * * *", parameters: {video: x.mp4, %s}}]'
WATCH = "watch: {prefix: incoming/, %s}"
STARVED = "stage 'match_brands', field 'reads.readings': reads 'readings', which no entry above it writes"


@pytest.fixture(scope="module")
def flow() -> JobFlow:
    """The profile's, whatever its `deploy:` says."""
    return assemble(parse_profile("name: own\nextends: brand-exposure"))


def _faults(flow: JobFlow, deploy: str) -> list[tuple[str | None, str]]:
    """Field and message of each."""
    profile = parse_profile(f"name: own\nextends: brand-exposure\ndeploy:\n  {deploy}\n")
    return [(fault.field, fault.message) for fault in deploy_faults(profile, flow, OWN)]


def test_what_runs_is_let_through(flow: JobFlow) -> None:
    given = "match_brands: {threshold: 90, brands: [NORDVIK]}, enabled: {crop_regions: true}, refresh: [all]"
    assert _faults(flow, NIGHTLY % given) == []
    assert _faults(flow, WATCH % f"suffixes: [.mp4], parameters: {{{given}}}") == []


@pytest.mark.parametrize(
    ("given", "field", "told"),
    [
        ('match_brands: {threshold: "90"}', "match_brands.threshold", "found '90', expected number"),
        ("match_brands: {threshold: 900}", "match_brands.threshold", "900 is greater than the maximum of 100"),
        ("match_brands: {treshold: 90}", "match_brands", "there is no 'treshold' in it; did you mean 'threshold'?"),
        ("enabled: {read_text: 0}", "enabled.read_text", "found 0, expected boolean"),
        ("enabled: {read_text: false}", "enabled", STARVED),
        ('match_brands: {brands: [A1, "B|A1"]}', "", "'A1' stands for both 'A1' and 'B'"),
        ("match_brnds: {}", "", "there is no parameter 'match_brnds'; did you mean 'match_brands'?"),
    ],
)
def test_parameters_of_a_schedule_and_of_a_watch_are_those_of_a_run(
    flow: JobFlow, given: str, field: str, told: str
) -> None:
    scheduled = _faults(flow, NIGHTLY % given)
    watched = _faults(flow, WATCH % f"parameters: {{{given}}}")
    for [(found, message)], at in ((scheduled, "deploy.schedules.0"), (watched, "deploy.watch")):
        assert found == f"{at}.parameters.{field}".rstrip(".")
        assert told in message


def test_all_of_them_are_told_each_with_its_line(flow: JobFlow) -> None:
    text = f"""
name: own
extends: brand-exposure
deploy:
  {NIGHTLY % 'match_brands: {threshold: "90"}'}
  watch:
    prefix: incoming/
    suffixes:
      - .mp4
      - ""
    parameters:
      match_brands: {{threshold: 101}}
"""
    faults = deploy_faults(parse_profile(text), flow, OWN)
    assert [(fault.field, fault.line) for fault in faults] == [
        ("deploy.schedules.0.parameters.match_brands.threshold", 5),
        ("deploy.watch.parameters.match_brands.threshold", 12),
        ("deploy.watch.suffixes.1", 10),
    ]


def test_a_watch_is_given_only_what_the_flow_that_watches_takes(flow: JobFlow) -> None:
    assert _faults(flow, WATCH % 'suffixes: ["", mp4]') == [("deploy.watch.suffixes.0", "'' should be non-empty")]
