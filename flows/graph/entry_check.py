"""One entry against the stage it names: settings, resources, retries, and the keys it renames."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from flows.graph.setting_words import expectation, setting_faults
from flows.profiles.faults import fault_at
from flows.profiles.model import StageEntry
from stages.core.definition import Resources, StageDefinition
from stages.core.suggest import did_you_mean
from stages.documents.faults import Fault
from stages.documents.yaml_scalars import shown

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_RESOURCES = ("cpus", "gpus", "memory", "memory_growth", "custom")


@dataclass(frozen=True)
class CheckedEntry:
    """What is known of an entry. `definition` is None where there is no such stage, `config` where settings are wrong.

    `presumed` is the stage that was most likely meant, so that its keys are not missed as well.
    """

    entry: StageEntry
    definition: StageDefinition | None
    config: BaseModel | None = None
    resources: Resources | None = None
    presumed: StageDefinition | None = None

    @property
    def declared(self) -> StageDefinition | None:
        """The definition, or the one that was most likely meant."""
        return self.definition or self.presumed


def check_entry(entry: StageEntry, definition: StageDefinition, faults: list[Fault]) -> CheckedEntry:
    """The entry with its checked settings and resources; what is wrong is added to the faults."""
    config = _settings(entry, definition, faults)
    faults += _renames(entry, definition)
    faults += _limits(entry)
    wrong = list(_resources(entry))
    faults += wrong
    resources = None if wrong else _joined(entry, definition.resources)
    return CheckedEntry(entry, definition, config, resources)


def _settings(entry: StageEntry, definition: StageDefinition, faults: list[Fault]) -> BaseModel | None:
    surprises = dict(_surprises(entry.config, definition))
    wrong = [fault_at(entry, text, f"config.{name}", name) for name, text in surprises.items()]
    try:
        config = definition.settings.model_validate(dict(entry.config), by_alias=True, by_name=True)
    except ValidationError as error:
        for path, message in setting_faults(definition, error):
            if path.partition(".")[0] not in surprises:
                wrong.append(fault_at(entry, message, f"config.{path}" if path else "config", path or "config"))
        config = None
    faults += wrong
    return None if wrong else config


def _surprises(config: Mapping[str, Any], definition: StageDefinition) -> Iterator[tuple[str, str]]:
    """What pydantic would let pass: true as the number 1, and numbers that no key, or no database, can hold."""
    numbers = {field.name for field in definition.config_fields if field.type in ("int", "float")}
    for name, value in config.items():
        if isinstance(value, bool) and name in numbers:
            yield name, f"found {shown(value)}, expected {expectation(definition, name)}"
        elif not _is_storable(value):
            yield name, f"found {shown(value)}, expected finite numbers only, whole ones of at most 64 bits"


def _is_storable(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_storable, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_is_storable, value))
    if isinstance(value, int):
        return -(2**63) <= value < 2**63  # Prefect's server fails to list runs that hold a larger one
    return not isinstance(value, float) or math.isfinite(value)


def _renames(entry: StageEntry, definition: StageDefinition) -> Iterator[Fault]:
    for verb, renamed, keys in (
        ("reads", entry.reads, definition.all_reads),
        ("writes", entry.writes, definition.io.writes),
    ):
        for own in renamed:
            if own not in keys:
                text = f"stage {definition.name!r} {verb} no key {own!r} that could be renamed{did_you_mean(own, keys)}"
                yield fault_at(entry, text, f"{verb}.{own}")
    written = [entry.writes.get(own, own) for own in definition.io.writes]
    for key in dict.fromkeys(key for key in written if written.count(key) > 1):
        both = " and ".join(repr(own) for own in definition.io.writes if entry.writes.get(own, own) == key)
        yield fault_at(entry, f"{both} are both written as {key!r}; give them different names", "writes")


def _limits(entry: StageEntry) -> Iterator[Fault]:
    if entry.retries is not None and entry.retries < 0:
        yield fault_at(entry, f"found {entry.retries}, expected 0 or more (how often to try again)", "retries")
    if entry.timeout is not None and not (entry.timeout > 0 and math.isfinite(entry.timeout)):
        yield fault_at(entry, f"found {entry.timeout}, expected more than 0 seconds", "timeout")


def _resources(entry: StageEntry) -> Iterator[Fault]:
    for name, value in entry.resources.items():
        at = f"resources.{name}"
        if name not in _RESOURCES:
            yield fault_at(entry, f"there is no resource {name!r}{did_you_mean(name, _RESOURCES)}", at)
        elif name == "memory":
            if memory_bytes(value) is None:
                yield fault_at(entry, f"found {shown(value)}, expected bytes, or a text like '4 GB' or '512 MiB'", at)
        elif name == "custom":
            yield from _custom(entry, value)
        elif name == "memory_growth":
            if not _is_amount(value) or value < 1:
                yield fault_at(entry, f"found {shown(value)}, expected a factor, at least 1", at)
        elif problem := _not_an_amount(value):
            yield fault_at(entry, problem, at)


def _custom(entry: StageEntry, value: Any) -> Iterator[Fault]:
    if not isinstance(value, Mapping):
        yield fault_at(
            entry, f"found {shown(value)}, expected amounts by name, like {{decoder: 1}}", "resources.custom"
        )
        return
    for name, amount in value.items():
        if problem := _not_an_amount(amount):
            yield fault_at(entry, problem, f"resources.custom.{name}")


def _not_an_amount(value: Any) -> str | None:
    """Parts are of one thing: a cluster can share one CPU or GPU, but not one and a half."""
    if not _is_amount(value):
        return f"found {shown(value)}, expected a number, at least 0"
    if value > 1 and value != int(value):
        return f"found {value}, expected a whole number, or a share of one between 0 and 1"
    return None


def _is_amount(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def memory_bytes(value: Any) -> int | None:
    """A number of bytes, given as one or as a text with a unit ("4 GB", "512 MiB"); None where it is neither."""
    if _is_amount(value):
        return int(value)
    match = (
        re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]i?)?b?", value.strip().lower())
        if isinstance(value, str)
        else None
    )
    return int(float(match[1]) * _UNITS[match[2] or ""]) if match else None


def _joined(entry: StageEntry, default: Resources) -> Resources:
    given = entry.resources
    return Resources(
        cpus=given.get("cpus", default.cpus),
        gpus=given.get("gpus", default.gpus),
        memory=memory_bytes(given["memory"]) or 0 if "memory" in given else default.memory,
        memory_growth=given.get("memory_growth", default.memory_growth),
        custom={**default.custom, **given.get("custom", {})},
    )
