"""Pipelines of actions as they are built: what fits, what it is as a profile, who gets which parameter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from flows.executors import LocalExecutor
from flows.graph.check import check_profile
from flows.load import load_profile, parse_profile
from flows.pipelines import ActionPipeline
from flows.pipelines.as_profile import as_yaml
from flows.profiles.model import Profile, StageEntry
from stages import RuntimeContext
from stages.core import datatype, discovery
from stages.core.errors import ProfileError, StageFailed, StagewrightError, UsageError
from stages.datatypes import DataType
from stages.plugins import BaseAction, NoParams, PluginDiscovery, action
from tests.unit.plugin_folders import PluginFolders


class PipeText(DataType):
    def __init__(self, text: str) -> None:
        self.text = text

    def encode(self, blobs: Any) -> Any:
        return self.text

    @classmethod
    def decode(cls, data: Any, blobs: Any) -> PipeText:
        return cls(data)

    @classmethod
    def from_address(cls, address: str) -> PipeText:
        return cls(Path(address).read_text())


class PipeLoudText(PipeText):
    pass


class PipeNumber(PipeText):
    pass


class WriteParams(BaseModel):
    text: str = Field("a", max_length=9)
    times: int = Field(1, ge=1)


class WriteAction(BaseAction[WriteParams]):
    output_type = PipeText

    def execute(self) -> PipeText:
        return PipeText(self.params.text * self.params.times)


class ShoutParams(BaseModel):
    times: int = Field(1, ge=1, le=9)
    end: str = "!"


class EndParams(BaseModel):
    end: str = Field("", alias="ending")


@action
def end_it(params: EndParams, ctx: RuntimeContext) -> str:
    return params.end


@action(input_type=PipeText, output_type=PipeLoudText)
def shout(params: ShoutParams, ctx: RuntimeContext) -> PipeLoudText:
    return PipeLoudText(ctx.input.text.upper() + params.end * params.times)


class Counted(BaseModel):
    characters: int


class CountAction(BaseAction[NoParams]):
    action_name = "pipe_count"
    input_type = PipeText
    result_model = Counted

    def execute(self) -> Counted:
        return Counted(characters=len(self.ctx.input.text))


class OtherAction(BaseAction[NoParams]):
    input_type = "YOLODataset"
    output_type = "ModelWeights"

    def execute(self) -> Any:
        raise NotImplementedError


class TidyAction(BaseAction[NoParams]):
    """Reads nothing, writes anything."""

    def execute(self) -> int:
        return 7


@pytest.fixture(autouse=True)
def _own(own_stages: None) -> None:
    """What pipelines make known is forgotten."""


def faults(error: pytest.ExceptionInfo[ProfileError]) -> list[str]:
    return [str(fault) for fault in error.value.context["faults"]]


def test_neighbours_that_do_not_fit_are_named_all_at_once() -> None:
    with pytest.raises(ProfileError) as error:
        ActionPipeline([WriteAction, OtherAction, shout])
    assert faults(error) == [
        "WriteAction writes PipeText, but OtherAction reads YOLODataset",
        "OtherAction writes ModelWeights, but shout reads PipeText",
    ]
    assert all(text in str(error.value) for text in faults(error))


def test_what_is_no_action_is_told_with_its_place() -> None:
    with pytest.raises(ProfileError) as error:
        ActionPipeline([WriteAction, 5, "no.such", "find_text", BaseAction, OtherAction])
    told = faults(error)
    assert [fault[:7] for fault in told] == ["item 2:", "item 3:", "item 4:", "item 5:"]  # nobody knows what 5 reads
    assert "no action" in told[0]
    assert "There is no stage 'no.such'" in told[1]
    assert "a stage and no action" in told[2]
    assert "no execute()" in told[3]


@pytest.mark.parametrize("items", [[], (), "shout", None, 5, {WriteAction}])
def test_a_pipeline_is_a_list_with_something_in_it(items: Any) -> None:
    with pytest.raises(ProfileError, match=r"a pipeline (is a list|has at least one)"):
        ActionPipeline(items)


def test_a_type_that_derives_from_another_fits_either_way() -> None:
    assert ActionPipeline([WriteAction, shout, shout, CountAction]).ids == ["write", "shout", "shout_2", "pipe_count"]


def test_a_pipeline_is_a_profile_that_can_be_kept_as_a_file(tmp_path: Path) -> None:
    pipeline = ActionPipeline([shout, TidyAction, WriteAction, shout, CountAction])
    profile = pipeline.to_profile(name="loud", label="Loud", params={"times": 3})
    assert profile.inputs == {"input": "PipeText"}
    assert profile.stages == (
        StageEntry("shout", "shout", {"times": 3}, writes={"output": "shout_output"}),
        StageEntry("tidy", "tidy", writes={"output": "tidy_output"}, needs=("shout",)),
        StageEntry("write", "write", {"times": 3}, writes={"output": "write_output"}, needs=("tidy",)),
        StageEntry("shout_2", "shout", {"times": 3}, {"input": "write_output"}, {"output": "shout_2_output"}),
        StageEntry("pipe_count", "pipe_count", reads={"input": "shout_2_output"}),
    )
    file = tmp_path / "loud.yaml"
    file.write_text(pipeline.to_yaml(name="loud", label="Loud", params={"times": 3}))
    assert load_profile(file) == profile
    plan, found = check_profile(profile)
    assert plan is not None
    assert [fault for fault in found if fault.severity == "error"] == []
    assert list(plan.outputs)[-1] == "output"


def test_a_name_is_made_of_the_actions() -> None:
    assert ActionPipeline([shout, shout]).to_profile().name == "shout-shout-2"
    assert ActionPipeline([WriteAction], name="mine").to_profile().name == "mine"
    assert len(ActionPipeline([WriteAction] * 40).to_profile().name) <= 50
    with pytest.raises(ProfileError, match="'my pipeline!' is no name"):
        ActionPipeline([WriteAction]).to_profile(name="my pipeline!")


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


def test_actions_are_run_one_after_the_other(tmp_path: Path) -> None:
    pipeline, executor = ActionPipeline([WriteAction, shout, shout, CountAction]), LocalExecutor()
    assert pipeline.execute({"text": "ab", "shout": {"times": 2}}, executor) == Counted(characters=5)
    file = tmp_path / "text.txt"
    file.write_text("hey")
    reading = ActionPipeline([shout, CountAction])
    assert reading.execute({}, executor, input=file) == Counted(characters=4)
    assert reading.execute({}, executor, input=PipeText("ho")) == Counted(characters=3)
    assert ActionPipeline([WriteAction, TidyAction]).execute({}, executor) == 7


def test_an_input_is_given_where_one_is_read_and_nowhere_else() -> None:
    with pytest.raises(UsageError, match="'shout' reads a PipeText: give it as `input`"):
        ActionPipeline([shout]).execute({}, LocalExecutor())
    with pytest.raises(UsageError, match="'write' reads nothing"):
        ActionPipeline([WriteAction]).execute({}, LocalExecutor(), input=PipeText("b"))
    with pytest.raises(UsageError, match="runs single actions"):
        ActionPipeline([WriteAction]).submit({}, LocalExecutor())  # type: ignore[arg-type]  # what is tested


def test_what_an_action_fails_by_is_raised() -> None:
    class BreakAction(TidyAction):
        def execute(self) -> int:
            raise OSError("worn out")

    with pytest.raises(StageFailed, match="OSError: worn out"):
        ActionPipeline([WriteAction, BreakAction]).execute({}, LocalExecutor())
    with pytest.raises(StagewrightError, match="YOLODataset"):  # nobody could know before
        ActionPipeline([TidyAction, OtherAction]).execute({}, LocalExecutor())


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PluginFolders:
    monkeypatch.setattr(discovery, "_seen", set(discovery._seen))
    monkeypatch.setattr(datatype, "_types", dict(datatype._types))
    made = PluginFolders(tmp_path)
    monkeypatch.setenv("STAGEWRIGHT_PLUGINS", str(tmp_path / "known"))
    return made


def test_actions_of_plugins_are_their_stages_by_name_and_by_class(folders: PluginFolders) -> None:
    folders.write("known")
    other = folders.write("other")
    by_name = f"{folders.code('known')}.count"
    by_class = PluginDiscovery.from_path(other).get_action_class("count")
    pipeline = ActionPipeline([by_name, by_class])
    config = {by_name: {"least": 3}, "count_2": {"least": 2}}
    assert [entry.config for entry in pipeline.to_profile(params=config).stages] == [{"least": 3}, {"least": 2}]
    assert [member.definition.name for member in pipeline.members] == [by_name, f"{folders.code('other')}.count"]
    assert pipeline.ids == ["count", "count_2"]
    assert pipeline.execute({"least": 2}, LocalExecutor()) == ["bc", "other"]


def test_actions_that_others_have_the_names_of_get_other_ids() -> None:
    class InputAction(TidyAction):
        action_name = "input"

    class RefreshAction(TidyAction):
        action_name = "refresh"

    pipeline = ActionPipeline([InputAction, RefreshAction, RefreshAction])
    assert pipeline.ids == ["action_input", "action_refresh", "action_refresh_2"]
    assert check_profile(pipeline.to_profile())[0] is not None


def test_two_actions_of_one_name_are_refused() -> None:
    first = type("WriteAction", (TidyAction,), {"__module__": __name__, "__qualname__": "first"})
    second = type("WriteAction", (TidyAction,), {"__module__": __name__, "__qualname__": "second"})
    with pytest.raises(StagewrightError, match="rename one of the two"):
        ActionPipeline([first, second])
