"""What pydantic found wrong with settings, in words that say what was found and what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annotated_types import Ge, Gt, Le, Lt, MultipleOf
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from stages.core.definition import StageDefinition
from stages.core.suggest import nearest
from stages.documents.yaml_scalars import shown

_KINDS = {
    "float": "a number",
    "int": "a whole number",
    "str": "a text",
    "bool": "true or false",
    "list[str]": "a list of texts",
}
_TYPES = {  # of pydantic's errors, by how they begin
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string_type": "a text",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "model": "a mapping",
    "dict": "a mapping",
    "mapping": "a mapping",
}
_SIZES = {
    "string_pattern_mismatch": "a text of the form {pattern}",
    "string_too_short": "a text of at least {min_length} character(s)",
    "string_too_long": "a text of at most {max_length} character(s)",
    "too_short": "at least {min_length} item(s)",
    "too_long": "at most {max_length} item(s)",
}


def setting_faults(definition: StageDefinition, error: ValidationError) -> Iterator[tuple[str, str]]:
    """Of each wrong setting, its dotted path and what is wrong with it."""
    for details in error.errors(include_url=False):
        path = ".".join(str(part) for part in details["loc"] if not _is_branch(part))
        yield path, _message(definition, details)


def expectation(definition: StageDefinition, name: str) -> str | None:
    """What a setting may be: "a number, at least 0 and at most 100", "one of 'fast', 'exact'"."""
    field = next((f for f in definition.config_fields if f.name == name), None)
    if field is None:
        return None
    if field.options is not None:
        each = "any of " if field.type == "list[str]" else "one of "
        return each + ", ".join(shown(option) for option in field.options)
    bounds = " and ".join(_bounds(definition.settings, name))
    return _KINDS[field.type] + (f", {bounds}" if bounds else "")


def _message(definition: StageDefinition, details: ErrorDetails) -> str:
    kind, loc, context = details["type"], details["loc"], details.get("ctx", {})
    found = shown(details["input"])
    if kind == "missing":
        expected = expectation(definition, str(loc[0])) if len(loc) == 1 else None
        return f"is required and has no default; give {expected or 'it a value'}"
    if kind == "extra_forbidden":
        return _unknown(definition, loc)
    if kind in ("value_error", "assertion_error"):
        text = str(context.get("error", "")) or details["msg"]
        return text if not loc else f"found {found}: {text}"
    if kind in ("literal_error", "enum"):
        close = _close_option(definition, loc, details["input"])
        return f"found {found}, expected {context.get('expected', '')}" + (
            f"; did you mean {close!r}?" if close else ""
        )
    return f"found {found}, expected {_expected(definition, details, context)}"


def _expected(definition: StageDefinition, details: ErrorDetails, context: Mapping[str, Any]) -> str:
    loc, kind = details["loc"], details["type"]
    if len(loc) == 1 and (known := expectation(definition, str(loc[0]))) is not None and _says_it(kind):
        return known
    if (words := next((text for begin, text in _TYPES.items() if kind.startswith(begin)), None)) is not None:
        return words
    if kind in _SIZES:
        return _SIZES[kind].format(**context)
    return details["msg"].removeprefix("Input should be ").removeprefix("Input should ").lower()


def _says_it(kind: str) -> bool:
    """Whether the field's own description (kind, bounds) says what this error is about."""
    told = ("greater_than", "less_than", "multiple_of", "int_", "float_", "bool_", "string_type", "list_type")
    return kind.startswith(told)


def _unknown(definition: StageDefinition, loc: tuple[int | str, ...]) -> str:
    if len(loc) > 1:
        return f"there is no setting {str(loc[-1])!r} here; leave it out"
    names = list(definition.settings.model_fields)
    if not names:
        return f"stage {definition.name!r} has no settings; leave it out"
    close = nearest(str(loc[0]), names)
    hint = f"; did you mean {close!r}?" if close else "."
    return f"stage {definition.name!r} has no such setting{hint} It has: {', '.join(names)}"


def _close_option(definition: StageDefinition, loc: tuple[int | str, ...], given: Any) -> str | None:
    field = next((f for f in definition.config_fields if loc and f.name == loc[0]), None)
    if field is None or not isinstance(given, str):
        return None
    return nearest(given, [option for option in field.options or [] if isinstance(option, str)])


def _bounds(model: type[BaseModel], name: str) -> Iterator[str]:
    for rule in model.model_fields[name].metadata:
        match rule:
            case Ge(ge=bound):
                yield f"at least {bound}"
            case Gt(gt=bound):
                yield f"more than {bound}"
            case Le(le=bound):
                yield f"at most {bound}"
            case Lt(lt=bound):
                yield f"less than {bound}"
            case MultipleOf(multiple_of=step):
                yield f"a multiple of {step}"


def _is_branch(part: int | str) -> bool:
    """Whether a part of a location is pydantic's own: a branch of a union, like "list[str]"."""
    return isinstance(part, str) and ("[" in part or part in ("int", "str", "float", "bool"))
