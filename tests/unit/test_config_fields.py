"""Settings: fields become a model, a model is shown as fields, and no default breaks its own rule."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Interval
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stages import StageConfig, StageConfigField, StageDefinition, StageIO, register_stage
from stages.core import registry
from stages.core.config import fields_of
from stages.core.errors import DefinitionError

pytestmark = pytest.mark.usefixtures("own_stages")


def define(*fields: StageConfigField, model: type[BaseModel] | None = None) -> StageDefinition:
    return StageDefinition("look", "", "", StageIO([], []), list(fields), fn=lambda state: {}, config_model=model)


def refused(*fields: StageConfigField, model: type[BaseModel] | None = None) -> str:
    with pytest.raises(DefinitionError) as e:
        register_stage(define(*fields, model=model))
    assert e.value.context["stage"] == "look"
    assert f"field {e.value.context['field']!r}" in str(e.value)
    return str(e.value).removeprefix("Stage 'look', ")


class TestFieldsMakeAModel:
    fields = (
        StageConfigField("fps", "float", 2, "Pictures a second", min=0.1, max=60),
        StageConfigField("size", "int", 960, min=16),
        StageConfigField("mode", "str", "fast", options=["fast", "exact"]),
        StageConfigField("grey", "bool", False),
        StageConfigField("brands", "list[str]", ["NORDVIK"]),
        StageConfigField("teams", "list[str]", [], options=["home", "away"]),
    )

    def test_defaults_hold(self) -> None:
        config = define(*self.fields).settings()
        assert config.model_dump() == {
            "fps": 2.0,
            "size": 960,
            "mode": "fast",
            "grey": False,
            "brands": ["NORDVIK"],
            "teams": [],
        }

    @pytest.mark.parametrize(
        ("given", "problem"),
        [
            ({"fps": 61}, "less than or equal to 60"),
            ({"fps": 0}, "greater than or equal to 0.1"),
            ({"fps": float("inf")}, "finite number"),
            ({"size": 15}, "greater than or equal to 16"),
            ({"size": 16.5}, "valid integer"),
            ({"mode": "slow"}, "'fast' or 'exact'"),
            ({"brands": "NORDVIK"}, "valid list"),
            ({"teams": ["guests"]}, "'home' or 'away'"),
            ({"colour": "red"}, "Extra inputs are not permitted"),
        ],
    )
    def test_what_breaks_a_rule_is_refused(self, given: dict[str, Any], problem: str) -> None:
        with pytest.raises(ValidationError, match=problem):
            define(*self.fields).settings.model_validate(given)

    def test_a_default_is_of_the_fields_type_so_that_it_makes_the_same_key_as_when_it_is_given(self) -> None:
        settings: Any = define(*self.fields).settings
        assert type(settings().fps) is float
        assert settings().model_dump_json() == settings(fps=2).model_dump_json()

    def test_bounds_are_inclusive(self) -> None:
        settings = define(*self.fields).settings
        assert settings(fps=60).fps == 60  # type: ignore[attr-defined, call-arg]
        assert settings(fps=0.1, size=16).fps == 0.1  # type: ignore[attr-defined, call-arg]

    def test_a_config_is_frozen(self) -> None:
        config: Any = define(*self.fields).settings()
        with pytest.raises(ValidationError, match="frozen"):
            config.fps = 3

    def test_a_default_list_is_nobodys_to_change(self) -> None:
        settings: Any = define(*self.fields).settings
        settings().brands.append("Altamira")
        assert settings().brands == ["NORDVIK"]

    def test_the_model_projects_to_the_fields_it_was_made_of(self) -> None:
        assert fields_of(define(*self.fields).settings) == list(self.fields)


fps = partial(StageConfigField, "fps")


class TestRefusedFields:
    @pytest.mark.parametrize(
        ("field", "problem"),
        [
            (fps("float", 61, max=60), "its default 61 breaks its own rule: Input should be less"),
            (fps("float", 0, min=1), "its default 0 breaks its own rule: Input should be greater"),
            (fps("int", 5, min=9, max=1), "its default 5 breaks its own rule"),
            (fps("int", 2.5), "its default 2.5 breaks its own rule: Input should be a valid integer"),
            (fps("float", None), "its default None breaks its own rule"),
            (fps("float", float("inf")), "its default inf breaks its own rule: Input should be a finite number"),
            (fps("str", "a", options=["b", "c"]), "its default 'a' is none of its options ['b', 'c']."),
            (fps("list[str]", ["b", "a"], options=["b"]), "its default 'a' is none of its options ['b']."),
            (fps("list[str]", None, options=["b"]), "its default None is none of its options ['b']."),
            (fps("list[str]", "abc"), "its default 'abc' breaks its own rule: Input should be a valid list"),
            (fps("str", "", options=[]), "its options are empty; give some, or leave them out."),
            (fps("str", "a", min=1), "min and max are for numbers; its type is 'str'."),
            (fps("number", 1), "type 'number' is none of float, int, str, bool, list[str]."),
        ],
    )
    def test_one_by_one(self, field: StageConfigField, problem: str) -> None:
        assert refused(field).startswith(f"field 'fps': {problem}")

    @pytest.mark.parametrize("name", ["", "min score", "min-score", "_hidden", "model_config", "model_dump"])
    def test_names_that_cannot_be_attributes_of_a_model(self, name: str) -> None:
        assert refused(StageConfigField(name, "int", 1)) == (
            f"field {name!r}: its name must be an identifier that begins neither with '_' nor with 'model_'."
        )

    def test_a_field_twice(self) -> None:
        assert refused(StageConfigField("fps", "int", 1), StageConfigField("fps", "int", 2)) == (
            "field 'fps': is declared twice."
        )

    def test_the_message_names_stage_and_field(self) -> None:
        with pytest.raises(DefinitionError) as e:
            register_stage(define(StageConfigField("fps", "float", 61, max=60)))
        assert str(e.value) == (
            "Stage 'look', field 'fps': its default 61 breaks its own rule: Input should be less than or equal to 60."
        )
        assert e.value.context == {"stage": "look", "field": "fps"}


finite = st.floats(-1e6, 1e6)
letters = st.sampled_from("abcdefg")


@given(default=finite, low=st.none() | finite, high=st.none() | finite)
def test_a_default_is_accepted_exactly_within_its_bounds(default: float, low: float | None, high: float | None) -> None:
    field = StageConfigField("fps", "float", default, min=low, max=high)
    if (low is None or low <= default) and (high is None or default <= high):
        assert register_stage(define(field)).settings().fps == default  # type: ignore[attr-defined]
    else:
        assert refused(field).startswith(f"field 'fps': its default {default!r} breaks its own rule: Input should be ")


@given(options=st.lists(letters, min_size=1, unique=True), default=st.lists(letters, max_size=3))
def test_a_list_is_accepted_exactly_where_its_options_hold_it(options: list[str], default: list[str]) -> None:
    field = StageConfigField("tags", "list[str]", default, options=options)
    if set(default) <= set(options):
        assert register_stage(define(field)).settings().tags == default  # type: ignore[attr-defined]
    else:
        assert f"is none of its options {options}." in refused(field)


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


def test_nothing_of_a_refused_stage_stays() -> None:
    before = dict(registry._stages)
    refused(StageConfigField("fps", "float", 61, max=60))
    assert registry._stages == before
