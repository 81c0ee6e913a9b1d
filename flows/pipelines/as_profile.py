"""A pipeline as the profile that it is, in memory and as YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import yaml

from flows.pipelines.members import Member, refused
from flows.profiles.entry_form import own_name
from flows.profiles.model import Profile, StageEntry
from flows.profiles.profile_form import NAME
from stages.documents.faults import Fault
from stages.documents.yaml_scalars import kind_of
from stages.plugins.action_stage import INPUT, OUTPUT

_LONGEST = 50  # characters of a name that is made up; job ids hold a time and a mark beside it


def as_profile(
    members: Sequence[Member], configs: Mapping[str, Mapping[str, Any]], name: str = "", label: str = ""
) -> Profile:
    """The profile: its entries joined by position, the first one's input as its own, the last one's output too.

    An action in the middle that reads nothing only waits for the one above it. Raises ProfileError for a name that
    profiles cannot have.
    """
    if name and not NAME.fullmatch(name):
        fault = Fault(f"{name!r} is no name: letters, digits, and single '-' or '_' between", field="name")
        raise refused([fault])
    return Profile(
        name=name or _name(members),
        stages=tuple(
            _entry(before, member, member is members[-1], configs.get(member.id, {}))
            for before, member in pairwise([None, *members])
            if member is not None
        ),
        label=label or " → ".join(member.id for member in members),
        inputs={INPUT: members[0].reads.name} if members[0].reads else {},
    )


def as_yaml(profile: Profile) -> str:
    """The profile as a file that `load_profile` reads as the same one. Raises ProfileError for settings that are no
    JSON."""
    told: dict[str, Any] = {"name": profile.name, "label": profile.label, "description": profile.description}
    told |= {"inputs": dict(profile.inputs), "stages": [_entry_told(entry) for entry in profile.stages]}
    try:
        plain = json.loads(json.dumps({key: part for key, part in told.items() if part}))  # nothing stands in it twice
    except (TypeError, ValueError) as error:
        fault = Fault(f"there are settings that no file can hold: {error}")
        raise refused([fault]) from error
    return str(yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120))


def _entry(before: Member | None, member: Member, is_last: bool, config: Mapping[str, Any]) -> StageEntry:
    reads = {INPUT: _key(before)} if before and member.reads else {}
    return StageEntry(
        id=member.id,
        stage=member.definition.name,
        config=config,
        reads=reads,
        writes={} if is_last else {OUTPUT: _key(member)},
        needs=(before.id,) if before and not reads else (),
    )


def _key(member: Member) -> str:
    """What its output is called in the profile."""
    return f"{member.id}_{OUTPUT}"


def _name(members: Sequence[Member]) -> str:
    """`train-export`: letters, digits and single dashes."""
    words = re.findall(r"[A-Za-z0-9]+", "-".join(member.id for member in members))
    name = "-".join(words)[:_LONGEST].strip("-")
    return name if re.match("[A-Za-z]", name) else f"pipeline-{name}".strip("-")


def _entry_told(entry: StageEntry) -> dict[str, Any]:
    told: dict[str, Any] = {"stage": entry.stage, "id": "" if entry.id == own_name(entry.stage) else entry.id}
    told |= {"config": dict(entry.config), "reads": dict(entry.reads), "writes": dict(entry.writes)}
    told["needs"] = list(entry.needs)
    return {key: part for key, part in told.items() if part}


class _Dumper(yaml.SafeDumper):
    """Quotes every text that a profile would read as something else."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, None if kind_of(text) == "str" else '"')


_Dumper.add_representer(str, _text)
