"""A pydantic model as a form: as JSON Schema, and as a schema of FormKit, made from that.

What FormKit's free inputs can say is said: number, checkbox, text, password, date, select, and the structures group and
list. A list is dynamic: its one child is shown once for each item, and who shows the form adds the buttons that add and
remove items (FormKit's own repeater is not free). What is none of these (a dict, a union, a model that may be None or
holds itself) is a text of JSON, told by `data-type: json`; its value must be parsed before the model sees it.

Keys, in this order: `$formkit`, `name`, `label`, `value` (the default, if there is one), `validation`, `help`, and what
the kind needs. A text that begins with `$` would be code to FormKit: its value stands under `__raw__value`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.json_schema import GenerateJsonSchema, NoDefault

from stages.core.errors import DefinitionError
from stages.plugins.form_rules import rules, told, validation

Node = dict[str, Any]
Schema = Mapping[str, Any]

NUMBERS = {"integer": ("integer", 1), "number": ("float", "any")}
TEXTS = {"password": "password", "date": "date"}
EACH_ITEM = {"for": ["item", "index", "$items"], "key": "$item", "index": "$index"}
JSON_HELP = "As JSON."
CHOOSE = "Choose one"
NONE = "(none)"
YES_OR_NO: list[Node] = [{"label": "Yes", "value": True}, {"label": "No", "value": False}]


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of what the model takes; with the defaults that a factory makes, if always the same.

    Raises DefinitionError for a model with a field that JSON has nothing for, such as a function.
    """
    try:
        return model.model_json_schema(schema_generator=_WithFactories)
    except PydanticInvalidForJsonSchema as error:
        problem = f"{model.__name__} cannot be shown as a form: {error.message}. Expected fields that JSON can hold."
        raise DefinitionError(problem, model=model.__name__) from error


def ui_schema(model: type[BaseModel]) -> Node:
    """The FormKit schema: one group with a child for each field, in the order of the fields."""
    whole = json_schema(model)
    definitions = whole.get("$defs", {})
    schema, within = _resolved(whole, definitions, ())  # a model that holds itself is nothing but a reference
    return {"$formkit": "group", "children": _children(schema, definitions, within or (), {})}


class _WithFactories(GenerateJsonSchema):
    def get_default_value(self, schema: Any) -> Any:
        """No default where JSON has none: infinity and NaN, which no setting of a stage can be."""
        factory = schema.get("default_factory")
        if factory is None or schema.get("default_factory_takes_data"):
            made = super().get_default_value(schema)
        else:
            made = factory()
            made = made if made == factory() else NoDefault
        return NoDefault if isinstance(made, float) and not math.isfinite(made) else made


def _children(schema: Schema, definitions: Schema, within: tuple[str, ...], given: Schema) -> list[Node]:
    """A node for each property; `given` holds what the default of the model around it gives for some."""
    required = schema.get("required", [])
    nodes = []
    for name, field in schema.get("properties", {}).items():
        if name in given:
            field = {**field, "default": given[name]}
        nodes.append(_node(name, field, definitions, within, name in required))
    return nodes


def _node(name: str | None, field: Schema, definitions: Schema, within: tuple[str, ...], required: bool) -> Node:
    """The node of one field, or of each item of a list, which has no name and no default."""
    plain, nullable = _without_null(field)
    schema, below = _resolved(plain, definitions, within)
    default = schema.get("default", NoDefault)
    if schema.get("type") == "object" and not nullable and "properties" in schema and below is not None:
        made = _group(schema, definitions, below, default)
    elif schema.get("type") == "array" and "items" in schema and below is not None and default is not None:
        made = _list(schema, definitions, below, required, nullable)
    else:
        made = _input(schema, required, nullable)
    return {"$formkit": made.pop("$formkit"), **_head(name, field), **made}


def _head(name: str | None, field: Schema) -> Node:
    if name is None:
        return {}
    return {"name": name, "label": _no_code(field.get("title") or name.replace("_", " ").title())}


def _group(schema: Schema, definitions: Schema, within: tuple[str, ...], default: Any) -> Node:
    given = default if isinstance(default, dict) else {}
    children = _children(schema, definitions, within, given)
    return {"$formkit": "group", **_help(schema), "children": children}


def _list(schema: Schema, definitions: Schema, within: tuple[str, ...], required: bool, nullable: bool) -> Node:
    """Several of some choices, or as many inputs as there are items."""
    items, _ = _resolved(schema["items"], definitions, within)
    tail = {**_value(schema.get("default", NoDefault)), **_validation(schema, required, nullable)}
    if (options := _options(items)) is not None:
        return {"$formkit": "select", **tail, **_help(schema), "multiple": True, "options": options}
    child = _node(None, schema["items"], definitions, within, False)
    return {"$formkit": "list", **tail, **_help(schema), "dynamic": True, "children": [{**child, **EACH_ITEM}]}


def _input(schema: Schema, required: bool, nullable: bool) -> Node:
    kind, default = schema.get("type"), schema.get("default", NoDefault)
    if kind in NUMBERS and "enum" not in schema and not nullable:
        required = True  # whatever its default: what somebody has emptied is no number
    tail = {**_value(default), **_validation(schema, required, nullable), **_help(schema)}
    options = YES_OR_NO if kind == "boolean" and nullable else _options(schema)
    if options is not None:
        none = [{"label": NONE, "value": None}] if nullable else []
        unchosen = {"placeholder": CHOOSE} if default is NoDefault else {}
        return {"$formkit": "select", **tail, **unchosen, "options": none + options}
    if kind == "boolean":  # without a value it would count as empty until it was ticked, and "no" could not be said
        return {"$formkit": "checkbox", "value": False, **tail}
    if kind in NUMBERS:
        cast, step = NUMBERS[kind]
        return {"$formkit": "number", **tail, "number": cast, "step": schema.get("multipleOf", step)}
    if kind == "string":
        return _text(schema, tail)
    return _json(schema, required)


def _text(schema: Schema, tail: Node) -> Node:
    """One line of text; a password's default is shown to nobody."""
    made = TEXTS.get(schema.get("format", ""), "text")
    hidden = {"value", "__raw__value"} if made == "password" else set()
    return {"$formkit": made, **{key: value for key, value in tail.items() if key not in hidden}}


def _json(schema: Schema, required: bool) -> Node:
    """A text of JSON: what a form has no input for."""
    default = schema.get("default", NoDefault)
    written = NoDefault if default is NoDefault or default is None else json.dumps(default, ensure_ascii=False)
    said = " ".join(filter(None, [schema.get("description"), JSON_HELP]))
    wanted = {"validation": "required"} if required else {}
    return {"$formkit": "text", **_value(written), **wanted, "help": _no_code(said), "data-type": "json"}


def _options(schema: Schema) -> list[Node] | None:
    """The choices of a Literal or an Enum."""
    choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
    return None if choices is None else [{"label": str(choice), "value": choice} for choice in choices]


def _value(default: Any) -> Node:
    """The default; None is what an input gives that was left empty, so it needs no saying."""
    if default is NoDefault or default is None:
        return {}
    raw = isinstance(default, str) and default.startswith("$")
    return {"__raw__value" if raw else "value": default}


def _validation(schema: Schema, required: bool, nullable: bool) -> Node:
    found = validation(rules(schema, required=required, nullable=nullable))
    return {} if found is None else {"validation": found}


def _help(schema: Schema) -> Node:
    described, more = schema.get("description", ""), told(schema)
    end = "." if described and more and described[-1].isalnum() else ""
    said = " ".join(filter(None, [described + end, *more]))
    return {"help": _no_code(said)} if said else {}


def _no_code(text: str) -> str:
    return " " + text if text.startswith("$") else text


def _without_null(field: Schema) -> tuple[Schema, bool]:
    """The field without the None that it may be, and whether it may. A union stays one."""
    variants = field.get("anyOf", [])
    others = [variant for variant in variants if variant.get("type") != "null"]
    if len(others) == 1 and len(others) < len(variants):
        return {**others[0], **{key: value for key, value in field.items() if key != "anyOf"}}, True
    return field, False


def _resolved(field: Schema, definitions: Schema, within: tuple[str, ...]) -> tuple[Schema, tuple[str, ...] | None]:
    """The field with what it refers to, and the models around it; None instead of these if it is one of them itself."""
    if "$ref" not in field:
        return field, within
    name = field["$ref"].rpartition("/")[2]
    whole = {**definitions[name], **{key: value for key, value in field.items() if key != "$ref"}}
    return whole, None if name in within else (*within, name)
