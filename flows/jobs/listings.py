"""Lists that lie elsewhere: in a setting that is a list, `@s3://bucket/brands.txt` and `@variable:NAME` stand for the
lines of that object and for the values of that Prefect variable.

They are read when a run begins, before keys are made: a list that has changed runs again what depends on it, and the
manifest tells what was read. A file has a text a line ('#' begins a comment), or is a JSON list of texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from flows.graph.plan import Plan
from flows.graph.planning import plan_profile
from flows.profiles.model import StageEntry
from stages.core.errors import InputError, UsageError
from stages.datatypes.s3_input import head, open_object

MOST_BYTES = 1 << 20
_FILE, _VARIABLE = "@s3://", "@variable:"


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
    return isinstance(item, str) and item.startswith((_FILE, _VARIABLE))


def _read(item: str, setting: str) -> list[str]:
    found = _of_file(item[1:], setting) if item.startswith(_FILE) else _of_variable(item[len(_VARIABLE) :], setting)
    if not found:
        raise InputError(f"{setting}: {item} holds no text; put at least one there.", uri=item[1:])
    return found


def _of_file(uri: str, setting: str) -> list[str]:
    head(uri)  # says it best where there is none
    with open_object(uri) as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise InputError(f"{setting}: {uri} has more bytes than a list may have ({MOST_BYTES:,}).", uri=uri)
    try:
        text = data.decode("utf-8-sig")
        return _checked(json.loads(text), uri, setting) if uri.endswith(".json") else list(_lines(text))
    except ValueError as error:
        raise InputError(f"{setting}: {uri} cannot be read as a list: {error}.", uri=uri) from None


def _of_variable(name: str, setting: str) -> list[str]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        variable = client.read_variable_by_name(name)
    if variable is None:
        raise UsageError(
            f"{setting}: the Prefect server has no variable {name!r}. Make it: prefect variable set {name} '[\"…\"]'."
        )
    value = variable.value
    return list(_lines(value)) if isinstance(value, str) else _checked(value, f"the Prefect variable {name!r}", setting)


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if (kept := line.strip()) and not kept.startswith("#"):
            yield kept


def _checked(value: Any, where: str, setting: str) -> list[str]:
    if isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value):
        return value
    kind = "a mapping" if isinstance(value, Mapping) else json.dumps(value)[:80]
    raise InputError(f"{setting}: {where} holds {kind}, expected a list of texts.", uri=where)
