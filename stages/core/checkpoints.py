"""Stored results by key: `results/<stage>/<digest>.json`. The envelope is the commit point: blobs first, it last."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from stages.core.blobs import BlobStore
from stages.core.envelope import Envelope
from stages.core.errors import EnvelopeDamaged, ObjectMissing, StagewrightError

_AT_ONCE = 16  # as many HEAD requests as the client keeps connections

Found = Envelope | StagewrightError | None


def envelope_key(key: str) -> str:
    """Where in the bucket the envelope of a checkpoint lies."""
    return "results/" + key


class Checkpoints:
    """What is stored, as one run sees it: every envelope is read once. Safe to share between threads."""

    def __init__(self, blobs: BlobStore) -> None:
        self.blobs = blobs
        self._lock = threading.Lock()
        self._seen: dict[str, Found] = {}

    def find(self, key: str) -> Envelope | None:
        """The result under `key`, if it is there and whole: its blobs exist, in the right size.

        Raises EnvelopeDamaged, or the StoreError that kept it from looking: not knowing is never a miss. The answer
        is remembered for the run, unless it was an error that may go away.
        """
        with self._lock:
            known = key in self._seen
        found = self._seen[key] if known else self._look(key)
        if isinstance(found, StagewrightError):
            if not found.transient:
                self._remember(key, found)
            raise found
        self._remember(key, found)
        return found

    def keep(self, envelope: Envelope) -> None:
        """Store a result whose blobs are stored. Raises StoreError."""
        self.blobs.store.put(envelope_key(envelope.key), envelope.to_bytes(), "application/json")
        self._remember(envelope.key, envelope)

    def kept_here(self, key: str) -> bool:
        """Whether this run has read or written a whole result under `key`."""
        return isinstance(self._seen.get(key), Envelope)

    def _remember(self, key: str, found: Found) -> None:
        with self._lock:
            self._seen[key] = found

    def _look(self, key: str) -> Found:
        try:
            envelope = self.read(key)
            return envelope if envelope is not None and self._is_whole(envelope) else None
        except StagewrightError as error:
            return error

    def read(self, key: str) -> Envelope | None:
        """The envelope under `key` without a look at its blobs; None where there is none."""
        where = self.blobs.store.address.url + envelope_key(key)
        try:
            envelope = Envelope.from_bytes(self.blobs.store.get(envelope_key(key)), where)
        except ObjectMissing:
            return None
        if envelope.key != key:
            raise EnvelopeDamaged(f"The stored result {where} says that it belongs under {envelope.key}.", uri=where)
        return envelope

    def _is_whole(self, envelope: Envelope) -> bool:
        if len(envelope.blobs) <= 1:
            return all(map(self.blobs.is_whole, envelope.blobs))
        with ThreadPoolExecutor(min(_AT_ONCE, len(envelope.blobs))) as pool:
            return all(pool.map(self.blobs.is_whole, envelope.blobs))
