"""A profile's `deploy:`: what it can say, and what it is told when it says something else."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from flows.graph.schema import profile_schema
from flows.load import parse_profile
from flows.profiles.deploy import Deploy
from flows.profiles.profile_form import read_draft
from stages.documents.yaml_lines import read_yaml

WHOLE = """
name: toys
stages: [cut_pictures]
deploy:
  tags: [video]
  limit: 3
  collision: wait
  schedules:
    - {name: nightly, cron: "0 2 * * *", timezone: Europe/Zurich, active: false, parameters: {video: s3://media/a.mp4}}
    - name: often
      every: 90
  watch:
    prefix: incoming/
    suffixes: [.mp4]
"""


def faults_of(deploy: str) -> list[str]:
    _, faults = read_draft(f"name: toys\nstages: [cut_pictures]\n{deploy}", "toy.yaml")
    return [str(fault) for fault in faults]


class TestRead:
    def test_all_that_can_be_said(self) -> None:
        deploy = parse_profile(WHOLE).deploy
        assert (deploy.tags, deploy.limit, deploy.collision) == (["video"], 3, "wait")
        assert [(s.name, s.cron, s.every, s.timezone, s.active) for s in deploy.schedules] == [
            ("nightly", "0 2 * * *", None, "Europe/Zurich", False),
            ("often", None, 90, "UTC", True),
        ]
        assert deploy.schedules[0].parameters == {"video": "s3://media/a.mp4"}
        assert deploy.watch
        assert (deploy.watch.prefix, deploy.watch.suffixes, deploy.watch.every) == ("incoming/", [".mp4"], 300)

    def test_nothing_need_be_said(self) -> None:
        assert parse_profile("name: toys\nstages: [cut_pictures]").deploy == Deploy()
        assert parse_profile("name: toys\nstages: [cut_pictures]\ndeploy:").deploy == Deploy()

    def test_it_is_not_inherited(self) -> None:
        extended = parse_profile("name: own\nextends: brand-exposure")
        assert extended.deploy == Deploy()
        assert len(extended.stages) > 3

    def test_the_schema_for_editors_knows_it(self) -> None:
        schema = profile_schema()
        Draft202012Validator.check_schema(schema)
        document, _ = read_yaml(WHOLE.replace("cut_pictures", "extract_frames"), "")
        assert document
        told = document.plain()
        assert list(Draft202012Validator(schema).iter_errors(told)) == []
        told["deploy"]["limit"] = 0
        assert [list(error.path) for error in Draft202012Validator(schema).iter_errors(told)] == [["deploy"]]


class TestFaults:
    @pytest.mark.parametrize(
        ("deploy", "told"),
        [
            ("deploy: often", "toy.yaml:3: field 'deploy': found 'often', expected a mapping"),
            ("deploy:\n  limit: 0", "toy.yaml:4: field 'deploy.limit': found 0: input should be greater than or equal"),
            ("deploy:\n  limits: 1", "toy.yaml:4: field 'deploy.limits': unknown key 'limits'"),
            (
                "deploy:\n  schedules:\n    - cron: 0 2 * * *",
                "toy.yaml:5: field 'deploy.schedules.0.name': has no `name:`",
            ),
            (
                "deploy:\n  schedules:\n    - {name: a}",
                "toy.yaml:5: field 'deploy.schedules.0': expected either `cron` or `every`",
            ),
            (
                "deploy:\n  schedules:\n    - {name: a, every: 60, cron: 0 2 * * *}",
                "toy.yaml:5: field 'deploy.schedules.0': expected either `cron` or `every`",
            ),
            (
                "deploy:\n  schedules:\n    - name: a\n      every: 60\n      timezone: Zurich",
                "toy.yaml:7: field 'deploy.schedules.0.timezone': found 'Zurich': expected a time zone such as UTC",
            ),
            (
                "deploy:\n  schedules:\n    - {name: a, every: 60}\n    - {name: a, every: 90}",
                "toy.yaml:3: field 'deploy': two schedules are called 'a'",
            ),
            (
                "deploy:\n  collision: cancel\n  watch: {prefix: a}",
                "toy.yaml:3: field 'deploy': expected `collision: wait` where a prefix is watched",
            ),
            (
                "deploy:\n  schedules:\n    - {name: ray, every: 9}",
                "toy.yaml:5: field 'deploy.schedules.0.name': found 'ray'",
            ),
            ("deploy:\n  watch: {every: 5}", "toy.yaml:4: field 'deploy.watch.prefix': has no `prefix:`"),
        ],
    )
    def test_each_names_its_line_and_what_was_expected(self, deploy: str, told: str) -> None:
        assert any(line.startswith(told) for line in faults_of(deploy)), faults_of(deploy)

    def test_all_are_told_at_once(self) -> None:
        assert len(faults_of("deploy:\n  limit: 0\n  tags: 3\n  watch: {prefix: a, every: 1}")) == 3
