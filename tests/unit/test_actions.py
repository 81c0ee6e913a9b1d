"""Actions: classes and functions that are stages."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import pytest
from pydantic import BaseModel, ConfigDict, Field

from stages.core.blobs import BlobStore
from stages.core.datatype import DataType
from stages.core.errors import ContractError, DefinitionError, UsageError
from stages.core.fingerprint import stage_version
from stages.plugins import BaseAction, NoParams, NoResult, PluginCategory, PluginEnvironment, action
from stages.plugins.action import name_of_class
from tests.unit.harness import make_context, run_stage


class ActionWords(DataType):
    def __init__(self, words: list[str]) -> None:
        self.words = words

    def encode(self, blobs: BlobStore) -> Any:
        return self.words

    @classmethod
    def decode(cls, data: Any, blobs: BlobStore) -> ActionWords:
        return cls(data)


class CountParams(BaseModel):
    """Parameters of counting."""

    least: int = Field(1, ge=1, le=10, description="Shortest word that counts")


class Count(BaseModel):
    words: int
    longest: str | None = None


class CountWordsAction(BaseAction[CountParams]):
    """Counts words."""

    category = PluginCategory.DATA_VALIDATION
    input_type = ActionWords
    result_model = Count

    def execute(self) -> dict[str, Any]:
        words = [word for word in self.ctx.input.words if len(word) >= self.params.least]
        self.log("counted", {"words": len(words)})
        self.set_progress(1, 1)
        self.set_metrics({"words": len(words)}, "count")
        return {"words": len(words), "longest": max(words, key=len, default=None)}


class SayAction(BaseAction[NoParams]):
    action_name = "say_it"
    output_type = "ActionWords"

    def execute(self) -> ActionWords:
        return ActionWords(["a", "bc"])


P = TypeVar("P", bound=BaseModel)
Q = TypeVar("Q")


class Between(BaseAction[P], Generic[Q, P]):
    """An intermediate base with a parameter more."""


class Further(Between[int, P], Generic[P]):
    pass


class Deep(Further[CountParams]):
    def execute(self) -> int:
        return self.params.least


class Deeper(Deep):
    pass


class TestClass:
    def test_what_it_says_of_itself(self) -> None:
        assert CountWordsAction.action_name == "count_words"
        assert SayAction.action_name == "say_it"
        assert CountWordsAction.params_model is CountParams
        assert SayAction.params_model is NoParams
        assert SayAction.result_model is NoResult
        assert (SayAction.category, SayAction.input_type) == (None, None)

    @pytest.mark.parametrize(
        ("name", "action_name"),
        [
            ("TrainAction", "train"),
            ("YOLOTrainAction", "yolo_train"),
            ("ExportONNX", "export_onnx"),
            ("V2Upload_Action", "v2_upload"),
            ("Action", "action"),
            ("plain", "plain"),
        ],
    )
    def test_its_name_is_that_of_the_class_in_snake_case(self, name: str, action_name: str) -> None:
        assert name_of_class(name) == action_name

    def test_a_name_that_a_base_gave_stays(self) -> None:
        assert type("Loud", (SayAction,), {}).action_name == "say_it"  # type: ignore[attr-defined]
        assert Deep.action_name == "deep"
        assert Deeper.action_name == "deeper"

    def test_the_type_parameter_is_found_through_generic_bases(self) -> None:
        assert Deep.params_model is Deeper.params_model is CountParams
        assert Further.params_model is NoParams

    def test_the_type_parameter_may_be_a_name(self) -> None:
        class Later(BaseAction["CountParams"]):
            def execute(self) -> int:
                return self.params.least

        assert Later.params_model is CountParams
        with pytest.raises(DefinitionError, match="'Nowhere', its type parameter, is not known yet; define it above"):

            class Lost(BaseAction["Nowhere"]):  # type: ignore[name-defined]  # nobody defines it
                pass

    def test_a_model_may_be_named_before_the_type_parameter_is_asked(self) -> None:
        class Chosen(Deep):
            params_model = NoParams

        class Derived(Chosen):
            pass

        assert Chosen.params_model is Derived.params_model is NoParams

    def test_a_type_parameter_that_is_no_model(self) -> None:
        with pytest.raises(DefinitionError, match=r"its type parameter is <class 'int'>; name the pydantic model"):

            class Wrong(BaseAction[int]):  # type: ignore[type-var]
                pass

    @pytest.mark.parametrize("which", ["params_model", "result_model"])
    @pytest.mark.parametrize("wrong", [int, "CountParams", None])
    def test_a_model_that_is_none(self, which: str, wrong: Any) -> None:
        with pytest.raises(DefinitionError, match=rf"^Action Wrong: {which} is .*; name a pydantic model"):
            type("Wrong", (BaseAction,), {which: wrong})

    def test_without_execute_it_cannot_be_made(self) -> None:
        with pytest.raises(TypeError, match="abstract"):
            Between({}, make_context())  # type: ignore[abstract]
        with pytest.raises(DefinitionError, match="has no execute"):
            Further.definition()


class TestInstance:
    def test_has_its_parameters_its_context_and_a_logger(self) -> None:
        ctx = make_context()
        made = CountWordsAction(CountParams(least=3), ctx)
        assert made.params.least == 3
        assert made.ctx is ctx
        assert made.logger is ctx.logger

    def test_takes_a_mapping_too(self) -> None:
        assert CountWordsAction({"least": 4}, make_context()).params == CountParams(least=4)
        assert CountWordsAction(None, make_context()).params.least == 1

    def test_parameters_that_it_cannot_take_are_all_told(self) -> None:
        with pytest.raises(UsageError) as e:
            CountWordsAction({"least": 11, "lest": 2}, make_context())
        assert str(e.value) == (
            "Action 'count_words': parameters that it cannot take: least: Input should be less than or equal to 10 "
            "(found 11); lest: Extra inputs are not permitted (found 2)"
        )
        with pytest.raises(UsageError, match="takes a CountParams or a mapping; it was given a int"):
            CountWordsAction(3, make_context())  # type: ignore[arg-type]

    def test_run_checks_the_result(self) -> None:
        ctx = make_context()
        ctx.input = ActionWords(["one", "three"])
        assert CountWordsAction({}, ctx).run() == Count(words=2, longest="three")

        class Lazy(CountWordsAction):
            def execute(self) -> dict[str, Any]:
                return {"words": "many"}

        with pytest.raises(ContractError) as e:
            Lazy({}, ctx).run()
        assert str(e.value) == (
            "Action 'lazy' gave a result that is no Count: words: Input should be a valid integer, "
            "unable to parse string as an integer (found 'many')"
        )

    def test_what_it_says_goes_to_the_context(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, logger="test")
        ctx = make_context()
        ctx.input = ActionWords(["one"])
        CountWordsAction({}, ctx).run()
        assert ctx.gathered_metrics == {"count": {"words": 1}}
        assert "counted {'words': 1}" in caplog.text


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


class TestFunctions:
    def test_becomes_an_action_and_stays_a_function(self, tmp_path: Path) -> None:
        @action(category="upload", output_type=ActionWords, retries=1)
        def spell(params: CountParams, ctx: Any) -> ActionWords:
            """Spells."""
            return ActionWords(["x" * params.least])

        assert spell(CountParams(least=2), make_context()).words == ["xx"]
        assert issubclass(spell.action_class, BaseAction)
        assert spell.action_class.params_model is CountParams
        made = spell.definition()
        assert (made.name, made.category, made.description, made.retries) == ("spell", "upload", "Spells.", 1)
        assert made.code is spell
        assert run_stage(made, {"least": 3}, {}, tmp_path)[0]["output"].words == ["xxx"]

    def test_without_arguments(self, tmp_path: Path) -> None:
        @action
        def answer(params: NoParams, ctx: Any) -> int:
            return 42

        assert run_stage(answer.definition(), {}, {}, tmp_path)[0] == {"output": 42}

    def test_a_name_a_model_and_a_result(self) -> None:
        @action("count", params=CountParams, result=Count)
        def anything(params, ctx):  # type: ignore[no-untyped-def]
            return {"words": params.least}

        made = anything.action_class({"least": 5}, make_context())
        assert (made.action_name, made.run()) == ("count", Count(words=5))

    def test_an_argument_that_it_does_not_have(self) -> None:
        @action(result_model=NoParams)
        def answer(params: NoParams, ctx: Any) -> int:
            return 42

        with pytest.raises(DefinitionError, match="say 'result_model', which no stage has"):
            answer.definition()

    def test_one_with_other_parameters_is_refused(self) -> None:
        with pytest.raises(DefinitionError, match=r"takes \(params\); an action takes \(params, ctx\)"):

            @action
            def alone(params: NoParams) -> None: ...

        with pytest.raises(DefinitionError, match="annotate 'params' with the pydantic model"):

            @action()
            def untyped(params: int, ctx: Any) -> None: ...


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
