"""Reading a profile's `deploy:`, with a fault for each part that is wrong."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from flows.profiles.deploy import Deploy
from stages.documents.form import Form
from stages.documents.yaml_lines import Part


def read_deploy(form: Form, part: Part) -> Deploy:
    """The section as it is written; where some of it is wrong, the defaults."""
    given = form.mapping(part, "deploy", "a mapping, like {limit: 2, schedules: [...]}")
    try:
        return Deploy.model_validate({key: value.plain() for key, value in given.items()})
    except ValidationError as error:
        lines = part.lines("deploy")
        for found in error.errors():
            path = ".".join(("deploy", *map(str, found["loc"])))
            known = next(at for at in _outwards(path) if at in lines)
            form.fault(_worded(found, path), Part(None, lines[known]), path)
        return Deploy()


def _outwards(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _worded(found: Any, path: str) -> str:
    if found["type"] == "extra_forbidden":
        return f"unknown key {path.rpartition('.')[2]!r}"
    if found["type"] == "missing":
        return f"has no `{path.rpartition('.')[2]}:`"
    message = found["msg"].removeprefix("Value error, ")
    shown = "" if isinstance(found["input"], (dict, list)) else f"found {found['input']!r}: "
    return f"{shown}{message[0].lower()}{message[1:]}"
