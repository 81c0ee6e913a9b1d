"""What a batch is asked to do, and the batch that this makes: anew, gone on with, or of what failed before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flows.batch.inputs import Inputs, check_words, placed, read_inputs
from flows.batch.item import Batch, Item, batch_id_of, job_id_of
from flows.batch.ledger import Ledger
from flows.graph.overrides import override
from flows.jobs.job import now
from flows.profiles.faults import refuse
from flows.profiles.model import Profile
from stages.core.errors import UsageError

AT_ONCE = 1
"""A job spreads its work over all cores by itself: two at once gained a tenth of the time, and cost memory
(docs/scale.md)."""


@dataclass(frozen=True)
class Order:
    """words        what was given for each input, before it is looked up
    settings     by entry, then by field; `enabled` by entry; with errors_only those of the batch, if none are given
    batch_id     by default one that follows from profile, words, settings and switches: asked again, it goes on
    errors_only  run what failed in that batch, or in the profile's last one; nothing is looked up
    """

    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    enabled: Mapping[str, bool] = field(default_factory=dict)
    at_once: int = AT_ONCE
    errors_only: bool = False
    batch_id: str = ""
    label: str = ""


def overridden(profile: Profile, batch: Batch, order: Order) -> Profile:
    """The profile as the batch has it; as the order has it, where the batch does not tell. Raises ProfileError for an
    entry that is not there."""
    settings = order.settings if batch.settings is None else batch.settings
    enabled = order.enabled if batch.enabled is None else batch.enabled
    made, faults = override(profile, enabled, settings)
    if faults:
        raise refuse(profile.name, faults)
    return made


def batch_of(profile: Profile, order: Order, ledger: Ledger) -> tuple[Batch, list[Item], int]:
    """The batch, those of its items that are to be run, and how many inputs were named twice. Raises UsageError and
    InputError."""
    if order.errors_only:
        return _of_errors(profile, order, ledger)
    inputs = read_inputs(profile, order.words)
    before = ledger.read(batch_id := _id(profile, order))
    _check_same(before, profile)
    batch = _fresh(profile, order, inputs, batch_id)
    return batch, batch.items, inputs.twice


def _fresh(profile: Profile, order: Order, inputs: Inputs, batch_id: str) -> Batch:
    items = [Item(address, job_id_of(batch_id, address)) for address in inputs.many]
    return Batch(
        batch_id,
        profile.name,
        inputs.key,
        dict(inputs.shared),
        items,
        _as_kept(order.settings),
        dict(order.enabled),
        order.label,
        started=now(),
    )


def _of_errors(profile: Profile, order: Order, ledger: Ledger) -> tuple[Batch, list[Item], int]:
    batch_id = _id(profile, order) if order.batch_id or order.words else ledger.last(profile.name)
    batch = ledger.read(batch_id)
    if batch is None:
        raise UsageError(f"There is no batch {batch_id!r} in the store: run it without --errors-only.", batch=batch_id)
    _check_same(batch, profile)
    _check_as_ordered(batch, order)
    batch.state, batch.started, batch.ended, batch.label = "running", now(), None, order.label or batch.label
    failed = [item for item in batch.items if item.state in ("failed", "running")]  # running: its batch was killed
    for item in failed:
        item.state, item.error = "waiting", None
    return batch, failed, 0


def _id(profile: Profile, order: Order) -> str:
    if order.batch_id:
        return order.batch_id
    check_words(profile, order.words)
    asked = [
        {key: [placed(word) for word in words] for key, words in order.words.items()},
        order.settings,
        order.enabled,
    ]
    return batch_id_of(profile.name, asked)


def _check_same(before: Batch | None, profile: Profile) -> None:
    if before is not None and before.profile != profile.name:
        raise UsageError(
            f"Batch {before.batch_id!r} is one of profile {before.profile!r}, not of {profile.name!r}: give this one "
            "another --batch-id.",
            batch=before.batch_id,
        )


def _check_as_ordered(batch: Batch, order: Order) -> None:
    """What failed is run as the rest was: raise UsageError for settings and switches that differ from the batch's."""
    given, had = (_as_kept(order.settings), dict(order.enabled)), (batch.settings, batch.enabled)
    if any(asked and ran is not None and asked != ran for asked, ran in zip(given, had, strict=True)):
        raise UsageError(
            f"Batch {batch.batch_id!r} was run with {_words(*had)}, and is asked for with {_words(*given)}. Leave "
            "these out to run what failed as the rest was run, or leave out --errors-only to make another batch.",
            batch=batch.batch_id,
        )


def _as_kept(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The settings as a manifest gives them back, without entries of which none is set."""
    kept: dict[str, dict[str, Any]] = json.loads(json.dumps(settings, default=str))
    return {id: given for id, given in kept.items() if given}


def _words(settings: Mapping[str, Mapping[str, Any]] | None, enabled: Mapping[str, bool] | None) -> str:
    """Settings and switches as the command line takes them."""
    told = [
        f"--set {id}.{name}={json.dumps(value, ensure_ascii=False)}"
        for id, given in (settings or {}).items()
        for name, value in given.items()
    ]
    told += [f"--{'enable' if on else 'disable'} {id}" for id, on in (enabled or {}).items()]
    return " ".join(told) or "the profile's own settings"
