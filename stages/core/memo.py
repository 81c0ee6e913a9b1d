"""What was dear to learn outside, kept across jobs: small JSON by key, `cache/<area>/<digest of the key>.json`.

A stage's result is kept under all that it read; a memo under what a single question depends on, so that the same
question of another job is not asked twice. Nothing depends on a memo: without it, the question is asked again.
"""

from __future__ import annotations

import json
import re

from stages.core.blobs import blobs
from stages.core.datatype import Json
from stages.core.digests import as_json, canonical, digest_of_json
from stages.core.errors import ContractError, ObjectMissing
from stages.core.objects import ObjectStore

FORMAT = 1

_AREA = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class Memo:
    """The memos of one area. Safe to share between threads."""

    def __init__(self, store: ObjectStore, area: str) -> None:
        if not _AREA.fullmatch(area):
            raise ContractError(f"A memo's area is a word of small letters and digits; {area!r} is none.", area=area)
        self._store, self._area = store, area

    def where(self, key: Json) -> str:
        """Where in the bucket the memo of a key lies; `key` is any JSON."""
        return f"cache/{self._area}/{digest_of_json(key).removeprefix('sha256:')}.json"

    def get(self, key: Json) -> Json | None:
        """What was kept under the key; None where nothing was, or where it is damaged. Raises StoreError."""
        try:
            kept = json.loads(self._store.get(self.where(key)))
        except (ObjectMissing, ValueError, RecursionError):
            return None
        if not isinstance(kept, dict) or kept.get("format") != FORMAT or kept.get("key") != as_json(key):
            return None
        return kept.get("value") if kept.get("sum") == digest_of_json(kept.get("value")) else None

    def put(self, key: Json, value: Json) -> None:
        """Keep a JSON value that is not None, in place of what was kept before. Raises StoreError."""
        document = {"format": FORMAT, "key": key, "value": value, "sum": digest_of_json(as_json(value))}
        self._store.put(self.where(key), canonical(document), "application/json")


def memo(area: str) -> Memo:
    """The memos of an area in the store of the stage that is running. Raises ContractError outside of one."""
    return Memo(blobs().store, area)
