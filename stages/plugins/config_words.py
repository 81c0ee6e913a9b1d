"""What pydantic finds wrong with a config, in words that say what was found, what was expected and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from stages.core.suggest import nearest
from stages.documents.yaml_scalars import shown
from stages.plugins.categories import PackageManager, PluginCategory, RunMethod

_WORDS: dict[str, type[StrEnum]] = {
    "category": PluginCategory,
    "package_manager": PackageManager,
    "method": RunMethod,
}
_FORMS = {
    "tasks": "a task like 'image.object_detection'",
    "data_type": "a kind of media in one word, like 'image' or 'video'",
    "env": "a name for a variable: letters, digits and '_'",
}
_KINDS = {
    "string_type": "a text",
    "list_type": "a list; put '- ' before each",
    "dict_type": "a mapping",
    "model_type": "a mapping, like {entrypoint: module:Class}",
}


def config_faults(error: ValidationError, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Of each wrong part of a config, its dotted path and what is wrong with it; `given` is what the file says."""
    told: set[str] = set()
    for details in error.errors(include_url=False):
        path = ".".join(str(part) for part in _place(details, given))
        if path not in told:  # the second of a path is another branch of the same
            told.add(path)
            yield path, _message(details, path)


def _place(details: ErrorDetails, given: Mapping[str, Any]) -> Iterator[str | int]:
    """The location as far as the file goes; what pydantic adds (a branch of a union, "[key]") is left out."""
    value: Any = given
    for part in details["loc"]:
        if isinstance(value, Mapping) and (part in value or value is given or part in _WORDS):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return
        yield part


def _message(details: ErrorDetails, path: str) -> str:
    kind, found = details["type"], details["input"]
    if kind == "missing":
        return f"is required; write `{path}: …` in the file"
    if kind == "enum":
        return _one_of(found, _WORDS[path.rpartition(".")[2]])
    said = _found(found)
    if kind == "value_error":
        reason = str(details.get("ctx", {}).get("error", "")) or details["msg"]
        return reason if reason.startswith("found ") else f"found {said}, {reason}"
    if kind == "string_type" and isinstance(found, bool | int | float):
        return f"found {said}, expected a text; put it in quotes"
    if kind == "string_pattern_mismatch":
        return f"found {said}, expected {_FORMS.get(path.partition('.')[0], 'letters, digits, - and _')}"
    if kind in ("string_too_short", "string_too_long"):
        limits = details.get("ctx", {})
        return (
            f"is a text of {len(found):,} characters; expected 1 to {limits.get('max_length', 200)}"
            if found
            else ("is empty; expected a text")
        )
    return f"found {said}, expected {_KINDS.get(kind, details['msg'].removeprefix('Input should be '))}"


def _one_of(found: Any, words: type[StrEnum]) -> str:
    names = [word.value for word in words]
    close = nearest(found, names) if isinstance(found, str) else None
    hint = f"; did you mean {close!r}?" if close else ""
    return f"found {_found(found)}, expected one of {', '.join(names)}{hint}"


def _found(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else shown(value)
