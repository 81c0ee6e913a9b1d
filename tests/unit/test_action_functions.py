"""Functions that are actions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stages.core.errors import DefinitionError
from stages.plugins import BaseAction, NoParams, action
from tests.unit.harness import make_context, run_stage
from tests.unit.word_actions import ActionWords, Count, CountParams


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

    def test_one_that_would_have_to_be_awaited_is_refused(self) -> None:
        with pytest.raises(DefinitionError, match=r"'late': is `async def`.*make it a `def`, with asyncio.run\(…\)"):

            @action
            async def late(params: NoParams, ctx: Any) -> None: ...

        with pytest.raises(DefinitionError, match="'later': is `async def`"):

            @action()
            async def later(params: NoParams, ctx: Any) -> Any:
                yield 1

    def test_one_with_other_parameters_is_refused(self) -> None:
        with pytest.raises(DefinitionError, match=r"takes \(params\); an action takes \(params, ctx\)"):

            @action
            def alone(params: NoParams) -> None: ...

        with pytest.raises(DefinitionError, match="annotate 'params' with the pydantic model"):

            @action()
            def untyped(params: int, ctx: Any) -> None: ...
