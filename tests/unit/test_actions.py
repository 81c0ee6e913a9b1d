"""Actions as classes: what one says of itself, and what an instance has."""

from __future__ import annotations

import logging
from typing import Any, Generic, TypeVar

import pytest
from pydantic import BaseModel

from stages.core.errors import ContractError, DefinitionError, UsageError
from stages.plugins import BaseAction, NoParams, NoResult
from stages.plugins.action import name_of_class
from tests.unit.harness import make_context
from tests.unit.word_actions import ActionWords, Count, CountParams, CountWordsAction, SayAction

P = TypeVar("P", bound=BaseModel)
Q = TypeVar("Q")


class Mixin(Generic[Q]):
    pass


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

        class Mixed(Mixin[int], Chosen):
            pass

        assert Chosen.params_model is Derived.params_model is Mixed.params_model is NoParams

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

    def test_one_that_would_have_to_be_awaited(self) -> None:
        class Late(BaseAction[NoParams]):
            async def execute(self) -> int:
                return 1

        with pytest.raises(DefinitionError, match=r"'late' \(Late\): its execute\(\) is `async def`"):
            Late.definition()


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
