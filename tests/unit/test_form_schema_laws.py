"""Whatever the model: its form holds every field once, and form, JSON Schema and model agree on what is allowed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, create_model

from stages.plugins.form_schema import json_schema, ui_schema


def formkit_rules(node: dict[str, Any]) -> dict[str, list[str]]:
    """The rules as FormKit parts them."""
    said = node.get("validation", "")
    parted = (
        [rule.replace(":", ",", 1).split(",") for rule in said.split("|") if rule] if isinstance(said, str) else said
    )
    return {name: arguments for name, *arguments in parted}


def form_values(node: dict[str, Any]) -> Any:
    """What a form gives that is sent as it stands; what it holds no value for is left out."""
    if node["$formkit"] == "group":
        found = {child["name"]: form_values(child) for child in node["children"]}
        return {name: value for name, value in found.items() if value is not ...}
    value = node.get("value", node.get("__raw__value", ...))
    return json.loads(value) if node.get("data-type") == "json" and value is not ... else value


bounds = st.integers(-50, 50)


@st.composite
def numbers(draw: st.DrawFn, kind: type) -> tuple[Any, Any]:
    low, high = sorted([draw(bounds), draw(bounds) + 60])
    named = {"ge": low, "gt": low - 1, "le": high + 1, "lt": high + 2}
    chosen = draw(st.sets(st.sampled_from(list(named))))
    return Annotated[kind, Field(**{name: named[name] for name in chosen})], kind(draw(st.integers(low, high)))


@st.composite
def words(draw: st.DrawFn) -> tuple[Any, Any]:
    least = draw(st.integers(0, 3))
    return Annotated[str, Field(min_length=least, max_length=least + 3)], draw(st.text("a$b ", min_size=3, max_size=3))


@st.composite
def choices(draw: st.DrawFn) -> tuple[Any, Any]:
    options = draw(st.lists(st.sampled_from(["a", "b", 1, 2, True]), min_size=1, unique_by=repr))
    return Literal[tuple(options)], draw(st.sampled_from(options))


@st.composite
def lists_of(draw: st.DrawFn, inner: Any) -> tuple[Any, Any]:
    kind, value = draw(inner)
    most = draw(st.integers(0, 3))
    return Annotated[list[kind], Field(max_length=most)], [value] * draw(st.integers(0, most))


@st.composite
def models(draw: st.DrawFn, inner: Any) -> tuple[Any, Any]:
    fields = draw(st.dictionaries(st.sampled_from(["first", "second_one", "third"]), inner, min_size=1))
    model = create_model("Inner", **{name: (kind, value) for name, (kind, value) in fields.items()})
    return model, model()


plain = st.one_of(numbers(int), numbers(float), words(), choices(), st.tuples(st.just(bool), st.booleans()))
kinds = st.recursive(
    plain | st.tuples(st.just(dict[str, int]), st.just({"a": 1})) | plain.map(lambda drawn: (drawn[0] | None, None)),
    lambda inner: lists_of(inner) | models(inner),
    max_leaves=4,
)
fields = st.dictionaries(st.sampled_from(["zoom", "alpha", "max_failed", "brands"]), kinds, min_size=1)


def may_be_none(model: type[BaseModel], node: dict[str, Any]) -> bool:
    return type(None) in get_args(model.model_fields[node["name"]].annotation)


def made_of(drawn: dict[str, tuple[Any, Any]], *, required: bool = False) -> type[BaseModel]:
    named: Any = {name: (kind, ... if required else value) for name, (kind, value) in drawn.items()}
    return create_model("Params", **named)


def numbers_in(schema: dict[str, Any], node: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The nodes of numbers and texts, each with its place in the JSON Schema."""
    for name, child in zip(schema["properties"], node["children"], strict=True):
        field = schema["properties"][name]
        if child["$formkit"] in ("number", "text") and "type" in field and "data-type" not in child:
            yield field, child


class TestLaws:
    @settings(max_examples=60, deadline=None)
    @given(fields, st.booleans())
    def test_every_field_is_there_once(self, drawn: dict[str, tuple[Any, Any]], required: bool) -> None:
        model = made_of(drawn, required=required)
        nodes = ui_schema(model)["children"]
        assert [node["name"] for node in nodes] == list(model.model_fields)
        groups = {node["name"] for node in nodes if node["$formkit"] == "group"}
        numbers = {node["name"] for node in nodes if node["$formkit"] == "number" and not may_be_none(model, node)}
        assert {node["name"] for node in nodes if "required" in formkit_rules(node)} == (
            set(model.model_fields) - groups if required else numbers
        )

    @settings(max_examples=60, deadline=None)
    @given(fields)
    def test_a_form_sent_as_it_stands_is_the_model_of_defaults(self, drawn: dict[str, tuple[Any, Any]]) -> None:
        model = made_of(drawn)
        assert model.model_validate(form_values(ui_schema(model))).model_dump() == model().model_dump()

    @settings(max_examples=60, deadline=None)
    @given(fields)
    def test_a_form_is_json(self, drawn: dict[str, tuple[Any, Any]]) -> None:
        form = ui_schema(made_of(drawn))
        assert json.loads(json.dumps(form, allow_nan=False)) == form

    @settings(max_examples=60, deadline=None)
    @given(st.dictionaries(st.sampled_from(["a", "b"]), numbers(int) | numbers(float) | words(), min_size=1))
    def test_bounds_are_those_of_the_json_schema(self, drawn: dict[str, tuple[Any, Any]]) -> None:
        model = made_of(drawn)
        for field, node in numbers_in(json_schema(model), ui_schema(model)):
            rules, step = formkit_rules(node), 1 if field["type"] == "integer" else 0
            least = [field.get("minimum"), plus(field.get("exclusiveMinimum"), step)]
            most = [field.get("maximum"), plus(field.get("exclusiveMaximum"), -step)]
            assert [float(n) for n in rules.get("min", [])] == sorted(n for n in least if n is not None)[-1:]
            assert [float(n) for n in rules.get("max", [])] == sorted(n for n in most if n is not None)[:1]
            length = rules.get("length", rules.get("+length", []))
            assert length == [str(field[b]) for b in ("minLength", "maxLength") if b in field]

    @settings(max_examples=60, deadline=None)
    @given(plain, st.data())
    def test_json_schema_and_model_allow_the_same(self, drawn: tuple[Any, Any], data: st.DataObject) -> None:
        model = made_of({"x": drawn}, required=True)
        value = data.draw(st.integers(-120, 120) | st.sampled_from(["a", "b", "", "aaaaaaa", True, False]))
        by_schema = jsonschema.Draft202012Validator(json_schema(model)).is_valid({"x": value})
        assert by_schema == allows(model, {"x": value})


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_a_default_that_json_has_not_is_left_out(value: float) -> None:
    model = made_of({"far": (float, value)})
    shown = {"schema": json_schema(model), "form": ui_schema(model)}
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown


def plus(bound: float | None, step: int) -> float | None:
    return None if bound is None else bound + step


def allows(model: type[BaseModel], values: dict[str, Any]) -> bool:
    """Whether the model takes the values as they are, and makes none of another kind into its own.

    To pydantic a choice is what equals it in Python, so it makes 1 into True; JSON and its schemas know two kinds.
    """
    try:
        taken = TypeAdapter(model).validate_json(json.dumps(values), strict=True)
    except ValidationError:
        return False
    return all(isinstance(getattr(taken, name), bool) == isinstance(value, bool) for name, value in values.items())
