"""The table of settings in the docs, made from the class that reads them.

python -m deployments.settings_table                       print it
python -m deployments.settings_table docs/operations.md    put it into a page, between its two marks
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from flows.settings import Settings, variable
from stages.core.errors import UsageError

BEGIN, END = "<!-- settings: made by deployments.settings_table -->", "<!-- end of settings -->"

_KINDS: dict[Any, str] = {
    Path: "folder",
    str: "text",
    str | None: "text",
    SecretStr | None: "secret",
    list[str]: "list",
    int: "whole number",
    float: "number",
}


def settings_table() -> str:
    """The table in Markdown, a row for each setting in the order of the class."""
    return "\n".join(["| variable | kind | default | meaning |", "|---|---|---|---|", *_rows()]) + "\n"


def with_table(page: str) -> str:
    """The text of a page with the table of now between its marks. Raises UsageError for a page without them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise UsageError(f"The page has no place for the table: it needs the lines {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n\n{settings_table()}\n{END}{after}"


def _rows() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        cells = (f"`{variable(name)}`", _KINDS[field.annotation] + _bounds(field), _default(field), field.description)
        yield f"| {' | '.join(map(str, cells))} |"


def _bounds(field: FieldInfo) -> str:
    least = next((bound.ge for bound in field.metadata if hasattr(bound, "ge")), None)
    most = next((bound.le for bound in field.metadata if hasattr(bound, "le")), None)
    return "" if least is None or most is None else f", {least} to {most:,.0f}"


def _default(field: FieldInfo) -> str:
    return "none" if field.default in (None, "", []) else f"`{field.default}`"


def main() -> None:
    """See the module."""
    if len(sys.argv) == 1:
        print(settings_table(), end="")
    for page in map(Path, sys.argv[1:]):
        page.write_text(with_table(page.read_text()))


if __name__ == "__main__":
    main()
