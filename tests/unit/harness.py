"""Running stages in a test as the engine does, against a store in memory."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.core.blobs import BlobStore
from stages.core.cache import BlobCache
from stages.core.context import Reporter, RuntimeContext
from stages.core.definition import StageDefinition
from stages.core.envelope import Envelope
from stages.core.execute import StageCall, checkpoint_key, execute
from stages.core.results import StageResult, ValueHandle
from stages.core.scratch import ScratchStore
from stages.core.spread import Spread
from stages.core.values import encode_value


def make_blobs(tmp_path: Path) -> BlobStore:
    """A blob store in memory behind a cache in a folder of the test."""
    return BlobStore(ScratchStore(), BlobCache(tmp_path / "cache", 1 << 30))


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
