"""Settings given as fields: they become a model, and no default breaks its own rule."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stages import StageConfigField, register_stage
from stages.core import registry
from stages.core.config import fields_of
from stages.core.errors import DefinitionError
from tests.unit.settings_of_a_stage import define, fps, refused

pytestmark = pytest.mark.usefixtures("own_stages")


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


def test_nothing_of_a_refused_stage_stays() -> None:
    before = dict(registry._stages)
    refused(StageConfigField("fps", "float", 61, max=60))
    assert registry._stages == before
