"""One entry of a profile's list of stages: a name, one pair `name: settings`, or the long form with `stage:`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stages.documents.form import Form
from stages.documents.yaml_lines import Part

READERS: dict[str, Callable[[Form, Part], Any]] = {
    "config": lambda form, part: _plain(form, part, "config", "a mapping of settings, like {fps: 2}"),
    "reads": lambda form, part: form.renames(part, "reads"),
    "writes": lambda form, part: form.renames(part, "writes"),
    "needs": lambda form, part: form.names(part, "needs"),
    "resources": lambda form, part: _plain(form, part, "resources", "a mapping like {cpus: 2, gpus: 1}"),
    "retries": lambda form, part: form.number(part, "retries", whole=True),
    "timeout": lambda form, part: form.number(part, "timeout"),
    "enabled": lambda form, part: form.switch(part, "enabled"),
}
PLACES = ("after", "before")
ENTRY_KEYS = ("stage", "id", *READERS, *PLACES)


@dataclass(frozen=True)
class EntryDraft:
    """An entry as its file gives it. `given` holds only what stands there, None where it is to be as if never given.

    `stage` is None where an entry of an extended profile is meant by its id; in the `short` forms the one name may mean
    either. `at` places the entry among those of the extended profile.
    """

    id: str
    stage: str | None
    given: Mapping[str, Any] = field(default_factory=dict)
    at: tuple[str, str] | None = None
    lines: Mapping[str, int] = field(default_factory=dict)
    short: bool = False


def read_entry(form: Form, part: Part) -> EntryDraft | None:
    """One entry; nothing, with a fault, where one cannot even tell which stage is meant."""
    form.stage = None
    if isinstance(part.value, str) and part.value:
        return EntryDraft(own_name(part.value), part.value, lines={"": part.line}, short=True)
    if not isinstance(part.value, dict) or not part.value:
        form.wrong(part, "stages", "an entry: a name, one pair `name: {settings}`, or a mapping with `stage:`")
        return None
    if "stage" in part.value or "id" in part.value:
        return _long(form, part)
    if len(part.value) == 1 and (key := next(iter(part.value))) and key not in ENTRY_KEYS:
        return _pair(form, key, part.value[key])
    return _muddled(form, part)


def own_name(stage: str) -> str:
    """The id of an entry that gives none: the stage's name, of a plugin's stage (`code.action`) the action's."""
    return stage.rpartition(".")[2]


def _pair(form: Form, name: str, settings: Part) -> EntryDraft:
    form.stage = name
    config = _plain(form, settings, None, "the stage's settings as a mapping, like {fps: 2}")
    lines = {"": settings.line, **settings.lines("config")}
    return EntryDraft(own_name(name), name, {"config": config}, lines=lines, short=True)


def _long(form: Form, part: Part) -> EntryDraft | None:
    parts: dict[str, Part] = part.value
    stage = form.text(parts["stage"], "stage") if "stage" in parts else None
    form.stage = stage
    id = (form.name(parts["id"], "id") if "id" in parts else None) or (own_name(stage) if stage else None)
    if id is None:
        return None
    form.stage = id
    given = {key: _read(form, key, parts[key]) for key in READERS if key in parts}
    for key in (key for key in parts if key not in ENTRY_KEYS):
        form.unknown(key, parts[key], ENTRY_KEYS, "of an entry (settings of the stage belong under `config:`)")
    lines = {"": part.line} | {k: v for key, p in parts.items() for k, v in p.lines(key).items()}
    return EntryDraft(id, stage, given, _at(form, parts), lines)


def _read(form: Form, key: str, part: Part) -> Any:
    return None if part.value is None else READERS[key](form, part)


def _at(form: Form, parts: Mapping[str, Part]) -> tuple[str, str] | None:
    if "after" in parts and "before" in parts:
        form.fault("`after` and `before` both place the entry; keep one", parts["before"], "before")
    place = next((key for key in PLACES if key in parts), None)
    other = form.text(parts[place], place) if place else None
    return (place, other) if place and other else None


def _muddled(form: Form, part: Part) -> EntryDraft | None:
    """Several keys and no `stage:`. The first one that is no key of an entry is most likely the stage."""
    name = next((key for key in part.value if key not in ENTRY_KEYS), None)
    if name is None:
        form.fault(f"an entry with {', '.join(part.value)} but without `stage:`; say which stage", part, "stage")
        return None
    others = ", ".join(repr(key) for key in part.value if key != name)
    if part.value[name].value is None and not any(key in ENTRY_KEYS for key in part.value):
        how = f"indent {others} deeper than {name!r}, if they are its settings"
    else:
        how = f"write `stage: {name}` with its settings under `config:`"
    form.stage = name
    form.fault(
        f"{name!r} and {others} stand side by side in one entry, which is not a pair `name: settings`; {how}", part
    )
    return EntryDraft(own_name(name), name, lines={"": part.line})


def _plain(form: Form, part: Part, field: str | None, expected: str) -> dict[str, Any]:
    return {key: value.plain() for key, value in form.mapping(part, field or "", expected).items()}
