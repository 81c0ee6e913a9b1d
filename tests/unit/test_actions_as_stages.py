"""An action runs as any stage does: what it reads, what it writes, and how that is kept."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict

from stages.core.errors import ContractError, DefinitionError
from stages.core.registry import check_stage
from stages.core.stage_version import stage_version
from stages.plugins import BaseAction, NoParams, PluginEnvironment
from tests.unit.harness import make_context, run_stage
from tests.unit.word_actions import ActionWords, CountWordsAction, SayAction


class TestStage:
    def test_it_reads_input_and_writes_output(self) -> None:
        made = CountWordsAction.definition()
        assert (made.name, made.label, made.category) == ("count_words", "Count words", "data_validation")
        assert made.description == "Counts words."
        assert (made.io.reads, made.io.writes) == (["input"], ["output"])
        assert made.read_types == {"input": ActionWords}
        assert [(f.name, f.min, f.max) for f in made.config_fields] == [("least", 1, 10)]

    def test_it_reads_nothing_where_it_has_no_input_type(self) -> None:
        made = SayAction.definition()
        assert (made.io.reads, made.write_types) == ([], {"output": ActionWords})

    def test_it_runs_as_any_stage_and_its_result_is_kept(self, tmp_path: Path) -> None:
        values, envelope = run_stage(
            CountWordsAction.definition(), {"least": 2}, {"input": ActionWords(["a", "bc", "def"])}, tmp_path
        )
        assert values == {"output": {"words": 2, "longest": "def"}}
        assert envelope.metrics == {"count": {"words": 2}}
        values, _ = run_stage(SayAction.definition(), {}, {}, tmp_path)
        assert values["output"].words == ["a", "bc"]

    def test_the_one_value_of_the_output_type_in_a_result_is_what_is_written(self, tmp_path: Path) -> None:
        class Trained(BaseModel):
            model_config = ConfigDict(arbitrary_types_allowed=True)
            words: ActionWords
            loss: float

        class Train(BaseAction[NoParams]):
            output_type, result_model = ActionWords, Trained

            def execute(self) -> dict[str, Any]:
                return {"words": ActionWords(["x"]), "loss": 0.5}

        assert run_stage(Train.definition(), {}, {}, tmp_path)[0]["output"].words == ["x"]

    def test_two_values_of_it_are_refused_and_one_in_a_dict_will_do(self, tmp_path: Path) -> None:
        class Several(BaseAction[NoParams]):
            output_type = ActionWords

            def execute(self) -> dict[str, Any]:
                return {"words": ActionWords(["x"]), "loss": 0.5}

        class Many(Several):
            def execute(self) -> dict[str, Any]:
                return {"words": ActionWords(["x"]), "more": ActionWords(["y"])}

        assert run_stage(Several.definition(), {}, {}, tmp_path)[0]["output"].words == ["x"]
        with pytest.raises(ContractError, match="give a ActionWords, or a result with exactly one in it"):
            run_stage(Many.definition(), {}, {}, tmp_path)

    def test_a_result_is_made_its_model_and_written_as_json(self, tmp_path: Path) -> None:
        class Saved(BaseModel):
            file: Path

        class Other(BaseModel):
            file: str = "a.onnx"

        class Save(BaseAction[NoParams]):
            result_model = Saved

            def execute(self) -> Other:
                return Other()

        assert Save({}, make_context()).run() == Saved(file=Path("a.onnx"))
        assert run_stage(Save.definition(), {}, {}, tmp_path)[0] == {"output": {"file": "a.onnx"}}

    def test_a_result_of_another_type_than_it_declares(self, tmp_path: Path) -> None:
        class Wrong(SayAction):
            def execute(self) -> Any:
                return {"words": 3}

        with pytest.raises(ContractError, match=r"to write a ActionWords, and gave a dict; give a ActionWords"):
            run_stage(Wrong.definition(), {}, {}, tmp_path)

    def test_sets_of_a_result_are_written_in_one_order(self, tmp_path: Path) -> None:
        class Found(BaseModel):
            names: set[str]

        class Find(BaseAction[NoParams]):
            result_model = Found

            def execute(self) -> dict[str, Any]:
                return {"names": set("zyxwvutsrq")}

        assert run_stage(Find.definition(), {}, {}, tmp_path)[0] == {"output": {"names": [*"qrstuvwxyz"]}}

    def test_progress_that_is_no_mapping(self) -> None:
        class Told(SayAction):
            stage_options: ClassVar[dict[str, Any]] = {"progress": ["dataset"]}

        with pytest.raises(DefinitionError, match=r"progress is a mapping of categories to their weights"):
            check_stage(Told.definition())

    def test_a_data_type_that_nobody_knows(self) -> None:
        class Lost(SayAction):
            output_type = "ActionWord"

        with pytest.raises(DefinitionError, match=r"names no data type: There is no data type 'ActionWord'"):
            Lost.definition()

        class Odd(SayAction):
            output_type = 3  # type: ignore[assignment]

        with pytest.raises(DefinitionError, match="output_type is 3, and no data type"):
            Odd.definition()

    def test_shipped_data_types_are_known_by_name_without_being_imported(self) -> None:
        code = (
            "from stages.plugins import BaseAction\n"
            "class Train(BaseAction):\n"
            "    input_type, output_type = 'YOLODataset', 'ModelWeights'\n"
            "    def execute(self): ...\n"
            "print(Train.definition().write_types['output'].__name__)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert (done.stdout.strip(), done.stderr) == ("ModelWeights", "")

    def test_options_go_to_the_definition(self) -> None:
        class Heavy(SayAction):
            stage_options: ClassVar = {"retries": 2, "pure": False, "progress": {"dataset": 1, "train": 3}}

        made = Heavy.definition()
        assert (made.retries, made.pure, made.progress) == (2, False, {"dataset": 1, "train": 3})
        with pytest.raises(DefinitionError, match="say 'retry', which no stage has"):
            type("Wrong", (SayAction,), {"stage_options": {"retry": 2}}).definition()  # type: ignore[attr-defined]

    def test_another_code_is_another_version(self) -> None:
        space: dict[str, Any] = {"BaseAction": BaseAction, "__name__": "nowhere_to_be_found"}
        versions = []
        for number in (1, 2, 1):
            exec(f"class A(BaseAction):\n    def execute(self):\n        return {number}", space)
            versions.append(stage_version(space["A"].definition()))
        assert versions[0] == versions[2] != versions[1]


def test_the_environment_is_a_mapping_with_what_the_plugin_says_and_what_is_really_set(tmp_path: Path) -> None:
    from stages.core.context import RuntimeContext
    from stages.plugins.action_stage import definition_of

    class Ask(BaseAction[NoParams]):
        def execute(self) -> list[Any]:
            assert isinstance(self.ctx.env, PluginEnvironment)
            return [self.ctx.env.get("REGION"), self.ctx.env.get_int("SIZE"), self.ctx.env.get("NONE")]

    ctx = RuntimeContext(logging.getLogger("test"), {"REGION": "north"}, "test-job")
    made = definition_of(Ask, env={"REGION": "south", "SIZE": "3"})
    assert run_stage(made, {}, {}, tmp_path, ctx=ctx)[0]["output"] == ["north", 3, None]
