"""`stagewright plugin run`: an action of a plugin, in every mode, with what it tells on the way."""

from __future__ import annotations

import json
import logging
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from flows.command.output import print_json, refuse, say
from flows.command.starting import ready
from flows.executors.plugin_runs import MODES, Mode, run_plugin
from stages.core.context import Reporter, Silence
from stages.core.datatype import DataType
from stages.core.errors import StagewrightError, UsageError
from stages.core.suggest import did_you_mean
from stages.documents.text_file import read_file

_SMALL = 16
"""Most numbers of an array that are shown themselves."""


def run_action(
    plugin: str, action: str, sets: Sequence[str], params: str | None, input: str | None, mode: str, as_json: bool
) -> int:
    """Run it; what it gave is printed as JSON. The exit code."""
    if mode not in MODES:
        raise UsageError(f"--mode: there is no mode {mode!r}{did_you_mean(mode, MODES)}", mode=mode)
    given = {**_file(params), **dict(_parsed(text) for text in sets)}
    _make_ready(mode)
    about = {"plugin": plugin, "action": action, "mode": mode}
    try:
        with _listening(as_json) as reporter:
            result = run_plugin(plugin, action, given, cast(Mode, mode), input=input, reporter=reporter)
    except StagewrightError as error:
        return refuse(error, as_json, about)
    if as_json:
        print_json({**about, "state": "done", "result": shown(result)})
    else:
        print(json.dumps(shown(result), ensure_ascii=False, indent=1))
    return 0


def _make_ready(mode: str) -> None:
    """Start on this machine what the mode needs; in this process nothing is."""
    if mode == "task":
        ready(say)
    elif mode in ("actor", "job"):
        import os

        named = os.environ.get("RAY_API_SERVER_ADDRESS") if mode == "job" else os.environ.get("RAY_ADDRESS")
        ready(say, None if named else "ray")


def _parsed(text: str) -> tuple[str, Any]:
    field, sign, value = text.partition("=")
    if not sign or not field:
        raise UsageError(f"--set wants FIELD=VALUE, for example --set least=2; found {text!r}.")
    try:
        return field, json.loads(value)
    except ValueError:
        return field, value


def _file(path: str | None) -> dict[str, Any]:
    """The parameters in a JSON file."""
    if path is None:
        return {}
    from pathlib import Path

    text, fault = read_file(Path(path), "file of parameters")
    try:
        found = json.loads(text) if text is not None else None
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}.") from None
    if fault or not isinstance(found, dict):
        raise UsageError(str(fault) if fault else f"{path}: expected a JSON object of parameters.")
    return found


def shown(result: Any) -> Any:
    """The result as JSON that every program reads: what JSON has no word for by its type and figures, numbers that are
    not finite in words ("nan", "inf")."""
    import numpy as np

    match result:
        case None | bool() | int() | str():
            return result
        case float():
            return result if math.isfinite(result) else str(result)
        case BaseModel():
            return shown(result.model_dump())
        case DataType():
            return {"type": type(result).name, **shown(dict(result.summary()))}
        case Mapping():
            return {key if isinstance(key, str) else str(shown(key)): shown(part) for key, part in result.items()}
        case list() | tuple() | set() | frozenset():
            return [shown(part) for part in result]
        case bytes() | bytearray() | memoryview():
            return {"type": "bytes", "length": len(result)}
        case np.ndarray() if result.size > _SMALL:
            return {"type": "ndarray", "dtype": str(result.dtype), "shape": list(result.shape)}
        case np.ndarray() | np.generic() if type(plain := result.tolist()) is not type(result):
            return shown(plain)
    return to_jsonable_python(result, fallback=str)  # dates, paths and the like, inside a model


@contextmanager
def _listening(quiet: bool) -> Iterator[Reporter]:
    """Who shows progress on a terminal; what the action logs is told line by line."""
    if quiet:
        yield Silence()
        return
    logger, handler = logging.getLogger("stagewright"), logging.StreamHandler(sys.stderr)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        if not sys.stderr.isatty():
            yield _Lines()
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as drawn:
            yield _Bar(drawn)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


class _Bar(Silence):
    def __init__(self, drawn: Any) -> None:
        self._drawn, self._task = drawn, None

    def progress(self, current: float, total: float, category: str | None) -> None:
        """See Reporter."""
        if self._task is None:
            self._task = self._drawn.add_task("")
        self._drawn.update(self._task, description=category or "", completed=current, total=total or None)


class _Lines(Silence):
    """In a pipe: metrics, and progress now and then."""

    def __init__(self) -> None:
        self._told = -1

    def progress(self, current: float, total: float, category: str | None) -> None:
        """See Reporter."""
        tenth = int(10 * current / total) if total else -1
        if tenth > self._told:
            self._told = tenth
            say(f"{category or 'progress'}: {100 * current / total:.0f} %")

    def metrics(self, value: Mapping[str, Any], category: str) -> None:
        """See Reporter."""
        say(f"{category}: " + ", ".join(f"{name} {figure}" for name, figure in value.items()))
