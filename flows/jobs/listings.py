"""Lists that lie elsewhere: in a setting that is a list, `@s3://bucket/brands.txt` and `@variable:NAME` stand for the
lines of that object and for the values of that Prefect variable.

They are read when a run begins, before keys are made: a list that has changed runs again what depends on it, and the
manifest tells what was read. A file has a text a line (a line that begins with '#' is a comment), or is a JSON list of
texts. A list names no other list, and what looks like a third kind of list is refused: it would be taken for a text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flows.graph.plan import Plan
from flows.graph.planning import plan_profile
from flows.profiles.model import StageEntry
from stages.core.errors import InputError, UsageError
from stages.core.suggest import did_you_mean
from stages.datatypes.s3_input import head, open_object, split

MOST_BYTES = 1 << 20
_FILE, _VARIABLE = "@s3:", "@variable:"
_KIND = re.compile(r"@[\w-]+:")


def with_listings(plan: Plan) -> Plan:
    """The plan with every such entry of a list replaced by what it stands for; of stages that are on.

    Raises InputError and UsageError that name setting and place, and ProfileError where the whole list is refused.
    """
    profile = plan.profile
    stages = tuple(_filled(entry) if entry.enabled else entry for entry in profile.stages)
    return plan if stages == profile.stages else plan_profile(replace(profile, stages=stages))


def need_server(plan: Plan) -> bool:
    """Whether the Prefect server must be asked for one."""
    values = [value for entry in plan.profile.stages if entry.enabled for value in entry.config.values()]
    items = [item for value in values if isinstance(value, (list, tuple)) for item in value]
    return any(isinstance(item, str) and item.startswith(_VARIABLE) for item in items)


def _filled(entry: StageEntry) -> StageEntry:
    config = {name: _whole(value, f"{entry.id}.{name}") for name, value in entry.config.items()}
    return replace(entry, config=config) if config != entry.config else entry


def _whole(value: Any, setting: str) -> Any:
    if not isinstance(value, (list, tuple)) or not any(map(_is_listing, value)):
        return value
    texts = [text for item in value for text in (_read(item, setting) if _is_listing(item) else [item])]
    return list(dict.fromkeys(texts))


def _is_listing(item: Any) -> bool:
    return isinstance(item, str) and _KIND.match(item) is not None


def _read(item: str, setting: str) -> list[str]:
    if item.startswith(_FILE):
        found = _of_file(_address(item, setting), setting)
    elif item.startswith(_VARIABLE):
        found = _of_variable(_name(item, setting), setting)
    else:
        raise _no_kind(item, setting)
    if not found:
        raise InputError(f"{setting}: {item} holds no text; put at least one there.", uri=item[1:])
    return found


def _no_kind(item: str, setting: str) -> UsageError:
    kind = item[: item.index(":") + 1]
    return UsageError(
        f"{setting}: {item!r} stands for no list: there is no {kind!r}{did_you_mean(kind, (_FILE, _VARIABLE))} "
        "A text that is no list is written without the @."
    )


def _address(item: str, setting: str) -> str:
    try:
        split(item[1:])
    except (InputError, ValueError):  # ValueError: such as s3://[
        raise UsageError(f"{setting}: {item} names no object, expected @s3://bucket/path/to/brands.txt.") from None
    return item[1:]


def _name(item: str, setting: str) -> str:
    name = item.removeprefix(_VARIABLE).strip()
    if not name:
        raise UsageError(f"{setting}: {item} names no Prefect variable, expected @variable:NAME.")
    return name


def _of_file(uri: str, setting: str) -> list[str]:
    head(uri)  # says it best where there is none
    with open_object(uri) as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise InputError(f"{setting}: {uri} has more bytes than a list may have ({MOST_BYTES:,}).", uri=uri)
    try:
        text = data.decode("utf-8-sig")
        value = json.loads(text) if (is_json := uri.lower().endswith(".json")) else text
    except ValueError as error:
        raise InputError(f"{setting}: {uri} cannot be read as a list: {error}.", uri=uri) from None
    return _checked(value, uri, setting) if is_json else _lines(value, uri, setting)


def _of_variable(name: str, setting: str) -> list[str]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        variable = client.read_variable_by_name(name)
    if variable is None:
        raise UsageError(
            f"{setting}: the Prefect server has no variable {name!r}. Make it: prefect variable set {name} '[\"…\"]'."
        )
    value, where = variable.value, f"the Prefect variable {name!r}"
    return _lines(value, where, setting) if isinstance(value, str) else _checked(value, where, setting)


def _lines(text: str, where: str, setting: str) -> list[str]:
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    kept = [(number, line) for number, line in lines if line and not line.startswith("#")]
    return [_no_listing(line, f"line {number} of {where}", setting) for number, line in kept]


def _checked(value: Any, where: str, setting: str) -> list[str]:
    if isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value):
        return [_no_listing(item, f"entry {number} of {where}", setting) for number, item in enumerate(value, 1)]
    kind = "a mapping" if isinstance(value, Mapping) else json.dumps(value)[:80]
    raise InputError(f"{setting}: {where} holds {kind}, expected a list of texts.", uri=where)


def _no_listing(text: str, where: str, setting: str) -> str:
    if text.lstrip().startswith("@"):
        raise InputError(
            f"{setting}: {where} is {text[:80]!r}, and a list names no other list. Put the texts themselves there, "
            "without an @ before them.",
            uri=where,
        )
    return text
