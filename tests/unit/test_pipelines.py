"""Pipelines of actions as they are built: what fits, what it is as a profile, what runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows.executors import LocalExecutor
from flows.graph.check import check_profile
from flows.load import load_profile
from flows.pipelines import ActionPipeline
from flows.profiles.model import StageEntry
from stages.core import datatype, discovery
from stages.core.errors import ProfileError, StageFailed, StagewrightError, UsageError
from stages.plugins import BaseAction, PluginDiscovery
from tests.unit.pipe_actions import CountAction, Counted, OtherAction, PipeText, TidyAction, WriteAction, faults, shout
from tests.unit.plugin_folders import PluginFolders


@pytest.fixture(autouse=True)
def _own(own_stages: None) -> None:
    """What pipelines make known is forgotten."""


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
    with pytest.raises(UsageError, match="A LocalExecutor runs single actions; submit pipelines to"):
        ActionPipeline([WriteAction]).wait("run", LocalExecutor())  # type: ignore[arg-type]  # what is tested


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
