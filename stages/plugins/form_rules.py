"""The bounds of JSON Schema as FormKit's validation rules, and in words where it has no such rule.

FormKit runs a rule on what is not empty, unless `+` stands before it; `required` is what refuses the empty.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
Rule = tuple[str, ...]
"""A rule's name, and what stands after its colon."""

NOT_OF_JAVASCRIPT = re.compile(r"\(\?(?!:)|\\[AzZpPQEGhHRXK]|\[\[|\[\^\[|&&|[+*?}]\+")
"""What a pattern of pydantic may hold and JavaScript reads otherwise, or not at all."""


def rules(schema: Schema, *, required: bool, nullable: bool) -> list[Rule]:
    """The rules of one field, `required` first."""
    found: list[Rule] = [("required",)] if required else []
    least, most = (_inclusive(schema, side) for side in ("minimum", "maximum"))
    found += [("min", _written(least))] if least is not None else []
    found += [("max", _written(most))] if most is not None else []
    if (length := _length(schema)) is not None:
        even_empty = length[0] > 0 and not required and not nullable
        found.append(("+length" if even_empty else "length", *map(str, length)))
    if portable(pattern := schema.get("pattern")):
        found.append(("matches", f"/{pattern}/"))
    return found


def validation(found: list[Rule]) -> str | list[list[str]] | None:
    """The rules as FormKit takes them: a line of text, or lists where a pattern holds what would part the line."""
    if not found:
        return None
    if any(re.search(r"[|,]|^/\s|\s/$", argument) for _, *arguments in found for argument in arguments):
        return [list(rule) for rule in found]
    return "|".join(name + (":" + ",".join(arguments) if arguments else "") for name, *arguments in found)


def told(schema: Schema) -> list[str]:
    """What FormKit cannot check and the model will: for the help below the field."""
    said = []
    if schema.get("type") != "integer":
        said += [f"More than {_written(v)}." for v in _finite(schema.get("exclusiveMinimum"))]
        said += [f"Less than {_written(v)}." for v in _finite(schema.get("exclusiveMaximum"))]
    said += [f"A multiple of {_written(v)}." for v in _finite(schema.get("multipleOf"))]
    if (pattern := schema.get("pattern")) is not None and not portable(pattern):
        said.append(f"Must match {pattern}")
    if schema.get("uniqueItems"):
        said.append("No item twice.")
    return said


def portable(pattern: str | None) -> bool:
    """Whether a pattern means the same in a browser."""
    return pattern is not None and not NOT_OF_JAVASCRIPT.search(pattern)


def _inclusive(schema: Schema, side: str) -> float | None:
    """The bound that FormKit can check. Of whole numbers exactly; of others an exclusive bound lets itself in."""
    up = side == "minimum"
    bounds = _finite(schema.get(side))
    for bound in _finite(schema.get(f"exclusive{side.capitalize()}")):
        if schema.get("type") != "integer":
            bounds.append(bound)
        else:
            bounds.append(math.floor(bound) + 1 if up else math.ceil(bound) - 1)
    return (max(bounds) if up else min(bounds)) if bounds else None


def _length(schema: Schema) -> tuple[int] | tuple[int, int] | None:
    """Least and most letters of a text, or items of a list."""
    kind = "Length" if schema.get("type") == "string" else "Items"
    least, most = schema.get(f"min{kind}"), schema.get(f"max{kind}")
    if most is not None:
        return (least or 0, most)
    return (least,) if least else None


def _finite(bound: float | None) -> list[float]:
    return [bound] if bound is not None and math.isfinite(bound) else []


def _written(number: float) -> str:
    """A number as JavaScript reads it; whole ones without their point."""
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)
