"""What a batch leaves in the store: `batches/<batch_id>/manifest.json`, `summary.csv`, `index.html`; and which of the
batches of a profile was the last, in `batches/<profile>.last.json`.

The manifest tells of each input. It is written when the batch begins and ends, and now and then between; what it had no
time to tell of a batch that was killed, the manifests of the jobs do.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from flows.batch.item import STATES, Batch, Item
from flows.jobs.job import check_job_id
from flows.settings import Settings
from stages.core.errors import CheckpointError, ObjectMissing, UsageError
from stages.core.objects import ObjectStore

EVERY_S = 5.0
"""Seconds between two manifests of a batch that runs, as long as it has few inputs."""

EVERY_ITEM_S = 0.002
"""Seconds added for each input: a manifest has some 300 bytes of each, and must not cost more than the work."""


def batch_key(batch_id: str, name: str = "") -> str:
    """Where in the bucket the files of a batch lie."""
    return f"batches/{batch_id}/{name}"


class Ledger:
    """The manifests of batches in one store, and the files of batches there and on this machine. Raises StoreError."""

    def __init__(self, store: ObjectStore, settings: Settings) -> None:
        self._store, self._home, self._told = store, settings.home, 0.0

    def read(self, batch_id: str) -> Batch | None:
        """The batch as it was left, None where there is none. Raises CheckpointError for what is no manifest."""
        key = batch_key(check_job_id(batch_id), "manifest.json")
        try:
            return _batch(json.loads(self._store.get(key)))
        except ObjectMissing:
            return None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            problem = f"{self._store.address.url}{key} is no manifest of a batch ({type(error).__name__}: {error})."
            raise CheckpointError(f"{problem} Delete it, and run the batch again.") from error

    def last(self, profile: str) -> str:
        """The id of the batch of a profile that was run last. Raises UsageError where there is none."""
        try:
            return str(json.loads(self._store.get(_last_key(profile)))["batch_id"])
        except ObjectMissing:
            problem = f"No batch of profile {profile!r} has been run on this store yet: run one without --errors-only."
            raise UsageError(problem, profile=profile) from None

    def open(self, batch: Batch) -> None:
        """Say that it begins."""
        self.keep(batch)
        self._store.put(_last_key(batch.profile), _bytes({"batch_id": batch.batch_id}), "application/json")

    def bring_up_to_date(self, batch: Batch) -> None:
        """Write the manifest, if the last one is old enough."""
        if time.monotonic() - self._told > EVERY_S + EVERY_ITEM_S * len(batch.items):
            self.keep(batch)

    def keep(self, batch: Batch) -> None:
        """Write the manifest."""
        self.write(batch, "manifest.json", _bytes(batch.to_json()), "application/json")
        self._told = time.monotonic()

    def write(self, batch: Batch, name: str, data: bytes, media_type: str) -> None:
        """Write a file of the batch, to the store and to `$STAGEWRIGHT_HOME/batches/<batch_id>/`."""
        self._store.put(batch_key(batch.batch_id, name), data, media_type)
        path = self._home / "batches" / batch.batch_id / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _batch(told: Mapping[str, Any]) -> Batch:
    if told["format"] != 1:
        raise ValueError(f"its format is {told['format']!r}, and 1 is known")
    items = [Item(**item) for item in told["items"]]
    if unknown := {item.state for item in items} - set(STATES):
        raise ValueError(f"no state of an input is called {min(unknown)!r}")
    rest = {name: value for name, value in told.items() if name not in ("format", "counts", "items")}
    return Batch(items=items, **rest)


def _last_key(profile: str) -> str:
    return f"batches/{profile}.last.json"


def _bytes(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")
