"""The TOML file of a plugin's settings, as one flat mapping."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stages.core.errors import UsageError

PLAIN_TABLE = "env"
"""The table whose keys stand for themselves."""


def read_toml(path: Path) -> dict[str, Any]:
    """The keys of the file; those of a table with its name before them. Raises UsageError with file and line."""
    content = _text(path)
    try:
        parsed = tomllib.loads(content)
    except tomllib.TOMLDecodeError as e:
        raise _refused(path, _line_of_error(str(e), content), f"is no TOML: {_without_place(str(e))}") from e
    except ValueError as e:  # Python reads no whole number beyond some length, and does not say where it stood
        raise _refused(path, _line_of_digits(content), "holds a number of too many digits; quote it") from e
    except RecursionError as e:
        raise _refused(path, None, "is nested too deeply; expected keys, and tables of keys") from e
    flat: dict[str, Any] = {}
    for key, value in _flat(parsed, "", top=True):
        if _holds_table(value):
            raise _refused(path, _line_of(key, content), f"{key!r} is a list of tables; expected plain values")
        if key in flat:
            raise _refused(
                path, _line_of(key, content), f"{key!r} is there twice: in a table and spelt out; rename one"
            )
        flat[key] = value
    return flat


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as e:
        raise UsageError(f"{path} is not there; expected a TOML file. Check the path.", file=str(path)) from e
    except OSError as e:
        raise UsageError(f"{path} cannot be read: {e.strerror}. Expected a TOML file.", file=str(path)) from e
    except UnicodeDecodeError as e:
        line = e.object[: e.start].count(b"\n") + 1
        raise _refused(path, line, "is not UTF-8; expected a TOML file") from e


def _flat(table: Mapping[str, Any], before: str, *, top: bool = False) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, before if top and key == PLAIN_TABLE else f"{before}{key}_")
        else:
            yield before + key, value


def _holds_table(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) or _holds_table(item) for item in value)


def _refused(path: Path, line: int | None, problem: str) -> UsageError:
    place = str(path) if line is None else f"{path}:{line}"
    return UsageError(f"{place}: {problem}.", file=str(path), line=line)


def _line_of_error(message: str, content: str) -> int:
    """What tomllib says of the place; until Python 3.14 it says so in its message only."""
    found = re.search(r"\(at line (\d+)", message)
    return int(found[1]) if found else content.rstrip().count("\n") + 1


def _without_place(message: str) -> str:
    return re.sub(r" \(at [^)]*\)$", "", message)


def _line_of_digits(content: str) -> int | None:
    longest = max(re.finditer(r"[0-9_]+", content), key=lambda found: len(found[0]), default=None)
    return content.count("\n", 0, longest.start()) + 1 if longest else None


def _line_of(key: str, content: str) -> int | None:
    """The last line that begins with the last part of a key, or with its table: tomllib keeps no lines."""
    last = re.escape(key.rpartition("_")[2])
    begins = re.compile(rf"[\s\[]*[\"']?[\w.-]*{last}\b")
    lines = [number for number, line in enumerate(content.splitlines(), 1) if begins.match(line)]
    return lines[-1] if lines else None
