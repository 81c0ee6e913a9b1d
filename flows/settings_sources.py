"""Where each setting comes from, for whoever looks for the one that is not what it should be."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from flows.settings import PREFIX, SECRETS, Settings, faults, shown, variable
from stages.core.suggest import nearest

Check = Callable[[str], str | None]
"""What is wrong with a text, if anything is."""

ENVIRONMENT, DEFAULT, UNKNOWN = "environment", "default", "unknown"

MASK = "••••"
"""Stands for a secret, whatever it is and however long."""


@dataclass(frozen=True)
class Sourced:
    """A setting: the variable, the value as it may be shown (None where there is none), where that comes from, and why
    it cannot be used."""

    name: str
    value: Any
    origin: str
    fault: str | None = None


def sourced_settings(checks: Mapping[str, Check] | None = None) -> list[Sourced]:
    """Every setting of this process, those that cannot be used too; none of a secret's characters is among them.

    `checks` are of fields whose values something else than `Settings` must know.
    """
    settings, wrong = _readable()
    others = checks or {}
    return [_sourced(field, settings, wrong.get(field), others.get(field)) for field in Settings.model_fields]


def unknown_variables() -> list[Sourced]:
    """Variables of our prefix that are no setting, mistyped perhaps. What they hold, a secret perhaps, is not shown."""
    known = {variable(field) for field in Settings.model_fields}
    found = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
    return [Sourced(name, None, UNKNOWN, f"There is no such setting{_meant(name)}") for name in found]


def _readable() -> tuple[Settings | None, dict[str, str]]:
    """The settings with defaults in place of those that cannot be used, and what is wrong with these; None where a
    default cannot be used either."""
    try:
        return Settings(), {}
    except ValidationError as error:
        wrong = faults(error)
    try:
        return Settings(**{field: Settings.model_fields[field].default for field in wrong}), wrong
    except ValidationError:
        return None, wrong


def _sourced(field: str, settings: Settings | None, fault: str | None, check: Check | None) -> Sourced:
    name = variable(field)
    given = next((value for key, value in os.environ.items() if key.upper() == name and value), None)
    value = given if settings is None or fault else getattr(settings, field)
    if check and given is not None and not fault:
        fault = check(given)
    origin = DEFAULT if given is None else ENVIRONMENT
    return Sourced(name, (MASK if value else None) if field in SECRETS else _plain(value), origin, fault)


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, SecretStr):
        raise TypeError("a secret is not shown")
    return str(value) if isinstance(value, Path) else shown(value)


def _meant(name: str) -> str:
    # compared without what all of them begin with, which would make everything look alike
    close = nearest(name[len(PREFIX) :], Settings.model_fields)
    return f"; did you mean {variable(close)}?" if close else "."
