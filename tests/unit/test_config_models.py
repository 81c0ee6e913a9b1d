"""Settings given as a model: shown as fields, and no default breaks its own rule."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Interval
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stages import StageConfig, StageConfigField, register_stage
from stages.core.errors import DefinitionError
from tests.unit.settings_of_a_stage import define, refused

pytestmark = pytest.mark.usefixtures("own_stages")


class Pace(Enum):
    slow = "slow"
    fast = "fast"


class Nested(StageConfig):
    depth: int = 3


class Rich(StageConfig):
    fps: float = Field(2, gt=0, le=60, description="Pictures a second")
    count: int = Field(5, gt=0, lt=10)
    maybe: int | None = Field(None, gt=0)
    part: Annotated[int, Interval(ge=1, le=5)] = 2
    pace: Pace = Pace.slow
    paces: list[Pace] = Field(default_factory=lambda: [Pace.fast])
    level: Literal[1, 2, 3] = 2
    brands: list[str] = Field(["NORDVIK"], description="Names to look for")
    needed: str
    nested: Nested = Nested()
    table: dict[str, float] = Field(default_factory=dict)
    either: int | str = 1
    short: Annotated[str, Field(max_length=3)] | None = None
    words: list[Annotated[str, Field(min_length=1)]] = Field(default_factory=list)


class TestModelsProjectToFields:
    @pytest.mark.parametrize(
        "shown",
        [
            StageConfigField("fps", "float", 2, "Pictures a second", min=0, max=60),
            StageConfigField("count", "int", 5, min=1, max=9),
            StageConfigField("maybe", "int", None, min=1),
            StageConfigField("part", "int", 2, min=1, max=5),
            StageConfigField("pace", "str", "slow", options=["slow", "fast"]),
            StageConfigField("paces", "list[str]", ["fast"], options=["slow", "fast"]),
            StageConfigField("level", "int", 2, options=[1, 2, 3]),
            StageConfigField("brands", "list[str]", ["NORDVIK"], "Names to look for"),
            StageConfigField("needed", "str", None),
            StageConfigField("short", "str", None),
            StageConfigField("words", "list[str]", []),
        ],
        ids=lambda shown: shown.name,
    )
    def test_what_a_form_can_show(self, shown: StageConfigField) -> None:
        assert {field.name: field for field in define(model=Rich).config_fields}[shown.name] == shown

    def test_what_it_cannot_is_left_out(self) -> None:
        names = {field.name for field in define(model=Rich).config_fields}
        assert names == set(Rich.model_fields) - {"nested", "table", "either"}

    def test_the_model_is_the_authority_where_both_are_given(self) -> None:
        definition = define(StageConfigField("depth", "int", 99, max=100), model=Nested)
        assert definition.config_fields == [StageConfigField("depth", "int", 3)]
        assert definition.settings is Nested

    def test_no_settings(self) -> None:
        assert define().config_fields == []
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            define().settings.model_validate({"fps": 1})


class Plain(BaseModel):
    """Says nothing of its rules."""

    fps: float = 2


class Open(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=False)

    fps: float = 2


class TestAModelThatIsNoStageConfig:
    def test_gets_its_rules_where_it_says_nothing_of_them(self) -> None:
        settings: Any = define(model=Plain).settings
        assert settings.model_json_schema() == {**Plain.model_json_schema(), "additionalProperties": False}
        config = settings(fps=3)
        assert isinstance(config, Plain)
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            settings(fbs=3)
        with pytest.raises(ValidationError, match="frozen"):
            config.fps = 4
        with pytest.raises(ValidationError, match="finite number"):
            settings(fps=float("inf"))
        assert settings().model_dump_json() == '{"fps":2.0}'

    def test_keeps_its_own_where_it_does(self) -> None:
        config: Any = define(model=Open).settings(fps=3, more=1)  # type: ignore[call-arg]
        config.fps = 4
        assert (config.fps, config.more) == (4, 1)

    def test_is_left_alone_where_it_is_one(self) -> None:
        assert define(model=Rich).settings is Rich


class TestDefaultsOfModels:
    def test_in_order(self) -> None:
        assert register_stage(define(model=Rich)).settings is Rich

    @pytest.mark.parametrize(
        ("made", "problem"),
        [
            (lambda: Field(-1.0, ge=0), "its default -1.0 breaks its own rule: Input should be greater than or equal"),
            (lambda: Field(default_factory=lambda: -1.0, ge=0), "its default -1.0 breaks its own rule"),
            (lambda: float("nan"), "its default nan breaks its own rule: Input should be a finite number."),
            (lambda: "two", "its default 'two' breaks its own rule: Input should be a valid number"),
        ],
    )
    def test_out_of_order(self, made: Callable[[], Any], problem: str) -> None:
        model = type("Wrong", (StageConfig,), {"__annotations__": {"fps": float}, "fps": made()})
        assert refused(model=model).startswith(f"field 'fps': {problem}")

    def test_also_beside_a_setting_without_a_default(self) -> None:
        class Halved(StageConfig):
            needed: str
            fps: float = Field(99, le=60)

        assert "field 'fps': its default 99" in refused(model=Halved)

    def test_also_of_a_model_that_is_no_stage_config(self) -> None:
        class Plain(BaseModel):
            code: str = Field("abc", pattern="^[0-9]+$")

        assert "field 'code': its default 'abc' breaks its own rule: String should match pattern" in refused(
            model=Plain
        )

    def test_also_of_one_that_profiles_call_by_another_name(self) -> None:
        class Renamed(BaseModel):
            fps: float = Field(99, le=60, alias="frames-per-second")

        assert "its default 99 breaks its own rule" in refused(model=Renamed)

    def test_a_rule_over_several_settings(self) -> None:
        class Range(StageConfig):
            low: int = 5
            high: int = 1

            @model_validator(mode="after")
            def _ordered(self) -> Range:
                if self.low > self.high:
                    raise ValueError("low is above high")
                return self

        with pytest.raises(DefinitionError) as e:
            register_stage(define(model=Range))
        assert str(e.value) == "Stage 'look': its defaults together break a rule: Value error, low is above high."

    def test_a_default_made_of_other_settings(self) -> None:
        class Derived(StageConfig):
            fps: float = 2
            gap: float = Field(default_factory=lambda settings: settings["fps"] * 2)

        definition = register_stage(define(model=Derived))
        assert definition.config_fields == [StageConfigField("fps", "float", 2), StageConfigField("gap", "float", None)]
        assert definition.settings(fps=3).gap == 6  # type: ignore[attr-defined, call-arg]
