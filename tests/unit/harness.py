"""Running stages in a test as the engine does, against a store in memory."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stages.core.blobs import BlobStore
from stages.core.cache import BlobCache
from stages.core.context import Reporter, RuntimeContext
from stages.core.definition import StageDefinition
from stages.core.digests import digest_of
from stages.core.envelope import Envelope
from stages.core.errors import ObjectMissing
from stages.core.execute import StageCall, checkpoint_key, execute
from stages.core.objects import ObjectHead, ObjectStore, StoreAddress
from stages.core.results import StageResult, ValueHandle
from stages.core.spread import Spread
from stages.core.values import encode_value


class MemoryStore(ObjectStore):
    """An object store that is a dict; `objects` can be looked into and tampered with."""

    def __init__(self) -> None:
        super().__init__(StoreAddress("memory"))
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, data: bytes, media_type: str = "application/octet-stream") -> None:
        self.objects[key] = bytes(data)

    def get(self, key: str, start: int | None = None, size: int | None = None) -> bytes:
        data = self._at(key)
        return data if start is None or size is None else data[start : start + size]

    def head(self, key: str) -> ObjectHead:
        data = self._at(key)
        digest = digest_of(data).removeprefix("sha256:")
        return ObjectHead(len(data), digest[:32], digest)

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)

    def list(self, under: str, folders: bool = False) -> Iterator[str]:
        found = sorted(key for key in self.objects if key.startswith(under))
        if not folders:
            return iter(found)
        return iter(
            sorted({under + key[len(under) :].split("/")[0] + "/" for key in found if "/" in key[len(under) :]})
        )

    def _at(self, key: str) -> bytes:
        if key not in self.objects:
            raise ObjectMissing(f"memory: there is no {key}.", uri=key)
        return self.objects[key]


def make_blobs(tmp_path: Path) -> BlobStore:
    """A blob store in memory behind a cache in a folder of the test."""
    return BlobStore(MemoryStore(), BlobCache(tmp_path / "cache", 1 << 30))


def make_context(reporter: Reporter | None = None, spread: Spread | None = None) -> RuntimeContext:
    """A context of the job "test-job"."""
    return RuntimeContext(logging.getLogger("test"), {}, "test-job", reporter=reporter, spread=spread)


def run_stage(
    definition: StageDefinition,
    config: Mapping[str, Any],
    reads: Mapping[str, Any],
    tmp_path: Path,
    blobs: BlobStore | None = None,
    ctx: RuntimeContext | None = None,
) -> tuple[dict[str, Any], Envelope]:
    """Run one stage on values. What it reads and what it gives goes through the store, as between two stages."""
    blobs = blobs or make_blobs(tmp_path)
    handles = {
        key: ValueHandle(encode_value(value, definition.read_types.get(key), blobs)) for key, value in reads.items()
    }
    settings = definition.settings.model_validate(dict(config))
    digests = {key: handle.digest for key, handle in handles.items()}
    call = StageCall(definition, settings, "test", checkpoint_key(definition, "test", settings, digests, "test-job"))
    envelope = execute(call, handles, ctx or make_context(), blobs)
    result = StageResult(Envelope.from_bytes(envelope.to_bytes(), "test"), definition)
    return {key: result.value(key).read(blobs) for key in definition.io.writes}, envelope
