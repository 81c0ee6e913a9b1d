"""Which action of a pipeline gets which parameter, and what is wrong with them before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.load import parse_profile
from flows.pipelines import ActionPipeline
from flows.pipelines.as_profile import as_yaml
from flows.profiles.model import Profile, StageEntry
from stages.core.errors import ProfileError
from tests.unit.pipe_actions import EndParams, ShoutParams, WriteAction, WriteParams, end_it, faults, shout


@pytest.fixture(autouse=True)
def _own(own_stages: None) -> None:
    """What pipelines make known is forgotten."""


numbers = st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"])) | st.sampled_from(
    [
        "1e5",
        "0o17",
        "yes",
        "ON",
        "~",
        "null",
        "true",
        "",
        " x ",
        "- a",
        "a: b",
        "#",
        "1_000",
        "2020-01-01",
        "<<",
        "{{x}}",
    ]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c d"]), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["one", "two"]), values))
def test_every_setting_comes_back_from_the_file(config: dict[str, Any]) -> None:
    profile = Profile("kept", (StageEntry("shout", "shout", config),), label="Kept")
    assert parse_profile(as_yaml(profile)) == profile


def spread(params: Any) -> dict[str, Any]:
    profile = ActionPipeline([WriteAction, shout, shout]).to_profile(params=params)
    return {entry.id: dict(entry.config) for entry in profile.stages}


def test_parameters_go_to_all_that_have_them_and_an_actions_own_count_more() -> None:
    assert spread({"times": 2, "text": "b", "shout_2": {"times": 5}, "shout": None}) == {
        "write": {"times": 2, "text": "b"},
        "shout": {"times": 2},
        "shout_2": {"times": 5},
    }
    assert spread(WriteParams(text="c")) == {"write": {"text": "c"}, "shout": {}, "shout_2": {}}
    assert spread({"shout": ShoutParams(end="?")})["shout"] == {"end": "?"}
    assert spread({"shout": {"times": 2}, "write": {"times": 3}}) == spread(
        {"shout": {"times": 2}, "write": WriteParams(times=3)}
    )
    assert spread(None) == {"write": {}, "shout": {}, "shout_2": {}}


def test_parameters_may_be_given_by_their_aliases() -> None:
    pipeline = ActionPipeline([end_it])
    for params in ({"ending": "?"}, {"end_it": {"ending": "?"}}, EndParams(ending="?")):
        assert pipeline.plan(params).stage("end_it").config.end == "?"  # type: ignore[attr-defined]  # of that model


def test_parameters_become_json_where_they_can() -> None:
    assert spread({"text": Path("a/b"), "write": {"times": True}})["write"] == {"text": "a/b", "times": True}
    pipeline, odd = ActionPipeline([WriteAction]), object()
    assert pipeline.to_profile(params={"text": odd}).stages[0].config == {"text": odd}
    with pytest.raises(ProfileError, match="settings that no file can hold"):
        pipeline.to_yaml(params={"text": odd})


def test_what_is_wrong_with_parameters_is_told_all_at_once_before_anything_runs() -> None:
    ran: list[str] = []

    class Noting:
        def execute(self, action_cls: Any, params: Any = None, input: Any = None) -> Any:
            ran.append(action_cls.action_name)

    params = {"txt": "b", "times": 0, "shuot": {"times": 1}, "shout": 5, "shout_2": {"ende": "?"}, "write": {"text": 9}}
    with pytest.raises(ProfileError) as error:
        ActionPipeline([WriteAction, shout, shout]).execute(params, Noting())
    told = "\n".join(faults(error))
    for said in (
        "field 'txt': no action has a parameter 'txt', and none is called so; did you mean 'text'?",
        "field 'shuot': no action has a parameter 'shuot', and none is called so; did you mean 'shout'?",
        "stage 'shout': parameters of an action are a mapping or a model, not 5",
        "stage 'write', field 'times': found 0",
        "stage 'write', field 'text': ",
        "stage 'shout', field 'times': found 0",
        "stage 'shout_2', field 'ende': ",
    ):
        assert said in told
    assert ran == []
    with pytest.raises(ProfileError, match="a mapping or a model, not a list"):
        ActionPipeline([WriteAction]).execute([("text", "b")], Noting())  # type: ignore[arg-type]  # what is tested
