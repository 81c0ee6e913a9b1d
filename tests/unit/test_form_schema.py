"""The form of a pydantic model: what is shown for what."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr, create_model

from stages.core.errors import DefinitionError
from stages.plugins.form_schema import ui_schema


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


class TestOneField:
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
