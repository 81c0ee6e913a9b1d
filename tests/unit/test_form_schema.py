"""The form of a pydantic model: what is shown for what, and that form and model agree on what is allowed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Annotated, Any, Literal, get_args

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, SecretStr, TypeAdapter, ValidationError, create_model

from stages.core.errors import DefinitionError
from stages.plugins.form_schema import json_schema, ui_schema


class Optimiser(StrEnum):
    SGD = "sgd"
    ADAM = "adam"


class Camera(BaseModel):
    """Where the picture comes from."""

    width: int = Field(1280, ge=16, description="Pixels")
    lens: str | None = None


class Tree(BaseModel):
    name: str = "root"
    children: list[Tree] = []


def field_of(kind: Any, default: Any = ...) -> dict[str, Any]:
    """The node of the one field of a model."""
    (node,) = ui_schema(create_model("Params", x=(kind, default)))["children"]
    return node


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


class TestTheFormOfTheIssue:
    def test_a_number(self) -> None:
        model = create_model("Params", epochs=(int, Field(ge=1, le=1000, description="Rounds of training")))
        assert ui_schema(model) == {
            "$formkit": "group",
            "children": [
                {
                    "$formkit": "number",
                    "name": "epochs",
                    "label": "Epochs",
                    "validation": "required|min:1|max:1000",
                    "help": "Rounds of training",
                    "number": "integer",
                    "step": 1,
                }
            ],
        }

    def test_a_default_is_its_value_and_only_a_number_must_stay_one(self) -> None:
        node = field_of(int, Field(10, ge=1))
        assert (node["value"], node["validation"]) == (10, "required|min:1")
        assert "validation" not in field_of(int | None, 10)
        assert "validation" not in field_of(str, "a")

    def test_the_order_of_the_fields_is_kept(self) -> None:
        names = ["b", "c", "a"]
        model = create_model("Params", **dict.fromkeys(names, (int, 1)))
        assert [node["name"] for node in ui_schema(model)["children"]] == names


class TestKinds:
    @pytest.mark.parametrize(
        ("kind", "default", "expected"),
        [
            (float, 0.5, {"$formkit": "number", "value": 0.5, "validation": "required", "number": "float"}),
            (Annotated[int, Field(multiple_of=32)], 640, {"validation": "required", "help": "A multiple of 32."}),
            (bool, False, {"$formkit": "checkbox", "value": False}),
            (str, "a", {"$formkit": "text", "value": "a"}),
            (str, "$HOME", {"$formkit": "text", "__raw__value": "$HOME"}),
            (SecretStr, SecretStr("hunter2"), {"$formkit": "password"}),
            (int | None, None, {"$formkit": "number", "number": "integer", "step": 1}),
        ],
    )
    def test_plain_inputs(self, kind: Any, default: Any, expected: dict[str, Any]) -> None:
        node = field_of(kind, default)
        assert {key: node[key] for key in expected} == expected
        assert set(node) <= {"$formkit", "name", "label", "value", "number", "step", *expected}

    @pytest.mark.parametrize("kind", [Literal["sgd", "adam"], Optimiser])
    def test_choices(self, kind: Any) -> None:
        choices = [{"label": "sgd", "value": "sgd"}, {"label": "adam", "value": "adam"}]
        assert field_of(kind, "adam") == {
            "$formkit": "select", "name": "x", "label": "X", "value": "adam", "options": choices,
        }  # fmt: skip
        assert field_of(kind)["placeholder"]  # else FormKit takes the first by itself
        assert field_of(kind)["validation"] == "required"
        assert field_of(kind | None, None)["options"] == [{"label": "(none)", "value": None}, *choices]

    def test_choices_of_numbers_stay_numbers(self) -> None:
        assert field_of(Literal[320, 640], 640)["options"][1] == {"label": "640", "value": 640}

    def test_several_choices(self) -> None:
        node = field_of(Annotated[list[Literal["a", "b"]], Field(min_length=1, max_length=2)], ["a"])
        assert (node["$formkit"], node["multiple"], node["value"]) == ("select", True, ["a"])
        assert [option["value"] for option in node["options"]] == ["a", "b"]
        assert node["validation"] == "+length:1,2"

    def test_a_boolean_that_must_be_given_begins_with_no(self) -> None:
        assert field_of(bool) == {
            "$formkit": "checkbox", "name": "x", "label": "X", "value": False, "validation": "required",
        }  # fmt: skip

    def test_a_boolean_that_may_be_neither(self) -> None:
        assert [option["value"] for option in field_of(bool | None, None)["options"]] == [None, True, False]

    def test_a_list(self) -> None:
        node = field_of(Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=3)], [1, 2])
        assert node == {
            "$formkit": "list", "name": "x", "label": "X", "value": [1, 2], "validation": "length:0,3", "dynamic": True,
            "children": [{
                "$formkit": "number", "validation": "required|min:0", "number": "integer", "step": 1,
                "for": ["item", "index", "$items"], "key": "$item", "index": "$index",
            }],
        }  # fmt: skip

    def test_a_list_of_models_holds_a_group(self) -> None:
        node = field_of(list[Camera], [Camera(width=64)])
        (item,) = node["children"]
        assert node["value"] == [{"width": 64, "lens": None}]
        assert (item["$formkit"], item["for"]) == ("group", ["item", "index", "$items"])
        assert [child["name"] for child in item["children"]] == ["width", "lens"]

    def test_a_nested_model_is_a_named_group(self) -> None:
        node = field_of(Camera, Camera(width=640))
        assert (node["$formkit"], node["name"], node["label"]) == ("group", "x", "X")
        assert node["help"] == "Where the picture comes from."
        assert [(child["name"], child.get("value")) for child in node["children"]] == [("width", 640), ("lens", None)]
        assert field_of(Camera)["children"][0]["value"] == 1280

    @pytest.mark.parametrize(
        ("kind", "default", "written"),
        [
            (dict[str, int], {"a": 1}, '{"a": 1}'),
            (int | str, "a", '"a"'),
            (tuple[int, str], (1, "a"), '[1, "a"]'),
            (Any, [1], "[1]"),
            (Camera | None, Camera(), '{"width": 1280, "lens": null}'),
            (list[int] | None, None, None),
        ],
    )
    def test_what_a_form_has_no_input_for_is_json(self, kind: Any, default: Any, written: str | None) -> None:
        node = field_of(kind, Field(default, description="Said."))
        assert (node["$formkit"], node["data-type"], node.get("value")) == ("text", "json", written)
        assert node["help"] == "Said. As JSON."

    def test_a_model_that_holds_itself_ends_in_json(self) -> None:
        name, children = ui_schema(Tree)["children"]
        assert (name["value"], children["$formkit"]) == ("root", "list")
        assert children["children"][0]["data-type"] == "json"
        assert field_of(Tree, Tree())["children"][1]["children"][0]["data-type"] == "json"

    def test_what_a_factory_makes_is_the_default_if_it_is_always_the_same(self) -> None:
        assert field_of(list[int], Field(default_factory=lambda: [1]))["value"] == [1]
        assert "value" not in field_of(Any, Field(default_factory=object))

    def test_a_field_that_json_has_nothing_for_is_refused(self) -> None:
        with pytest.raises(
            DefinitionError, match=r"Params cannot be shown as a form: .*Callable.* Expected fields that"
        ):
            field_of(Callable[[], int], print)


class TestBoundsHonestly:
    def test_exclusive_bounds_of_whole_numbers_are_the_next_ones(self) -> None:
        assert field_of(Annotated[int, Field(gt=0, lt=10)])["validation"] == "required|min:1|max:9"

    def test_other_exclusive_bounds_are_told(self) -> None:
        node = field_of(Annotated[float, Field(gt=0, lt=1)], 0.5)
        assert (node["validation"], node["help"]) == ("required|min:0|max:1", "More than 0. Less than 1.")

    @pytest.mark.parametrize(
        ("kind", "default", "expected"),
        [
            (Annotated[str, Field(min_length=1, max_length=9)], ..., "required|length:1,9"),
            (Annotated[str, Field(min_length=1)], "a", "+length:1"),  # FormKit asks nothing of the empty by itself
            (Annotated[str, Field(min_length=1)] | None, None, "length:1"),
            (Annotated[str, Field(max_length=9)], "", "length:0,9"),
            (Annotated[str, Field(pattern="^[a-z]+$")], "a", "matches:/^[a-z]+$/"),
            (Annotated[str, Field(pattern="^(a|b){1,2}$", max_length=2)], "a",
             [["length", "0", "2"], ["matches", "/^(a|b){1,2}$/"]]),
        ],
    )  # fmt: skip
    def test_text(self, kind: Any, default: Any, expected: Any) -> None:
        assert field_of(kind, default)["validation"] == expected

    def test_a_pattern_that_no_browser_reads_is_told(self) -> None:
        node = field_of(Annotated[str, Field(pattern=r"(?i)^\p{L}+$")], "a")
        assert "validation" not in node
        assert node["help"] == r"Must match (?i)^\p{L}+$"


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


def plus(bound: float | None, step: int) -> float | None:
    return None if bound is None else bound + step


def allows(model: type[BaseModel], values: dict[str, Any]) -> bool:
    """Whether the model takes the values as they are, and makes none of another kind into its own."""
    try:
        TypeAdapter(model).validate_json(json.dumps(values), strict=True)
    except ValidationError:
        return False
    return True
