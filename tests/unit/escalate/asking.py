"""What the stage is given in these tests, and how it is asked."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stages.brands import escalate
from stages.core.blobs import BlobStore
from stages.core.context import RuntimeContext
from stages.core.envelope import Envelope
from stages.core.scratch import ScratchStore
from stages.core.spread import Spread
from stages.datatypes import Crops, Detection, Detections, Reading, Readings, TrackPoint, Tracks
from tests.unit.harness import run_stage
from tests.vision_server import VisionServer

SECRET = "sk-test/4f1d9c+very-secret"
QUAD = np.array([[1, 2], [11, 2], [11, 7], [1, 7]], np.float32)
FREE = {"price_in": 0, "price_out": 0}


def reading(track: int) -> Reading:
    return Reading(track, 0.0, f"TEXT {track}", 0.6, "", QUAD + track)


def picture(track: int) -> bytes:
    return b"jpeg of track %d" % track


def points(track: int, visible: int) -> list[TrackPoint]:
    """Seen in so many pictures, half a second apart, and hidden in one more."""
    shares = [0.9] * visible + [0.1]
    return [TrackPoint(track, n / 2, share, n == 0, QUAD + n) for n, share in enumerate(shares)]


def given(blobs: BlobStore, tracks: int, known: int = 0) -> dict[str, Any]:
    """What the stage reads: so many unresolved tracks, the first seen longest, of which so many are known already."""
    rows = [reading(track) for track in range(tracks)]
    seen = [point for track in range(tracks) for point in points(track, tracks - track + 1)]
    return {
        "crops": Crops.of([(row, picture(row.track)) for row in rows], blobs),
        "detections": Detections.of([Detection(n / 1.0, "VOLTRA", "V", 0.8, "text", "", QUAD) for n in range(known)]),
        "unresolved": Readings.of(rows),
        "tracks": Tracks.of(seen),
    }


def context(env: Mapping[str, str] | None = None, spread: Spread | None = None) -> RuntimeContext:
    return RuntimeContext(
        logging.getLogger("test"), {"STAGEWRIGHT_VISION_KEY": SECRET} if env is None else env, "job", spread=spread
    )


def asked(
    server: VisionServer,
    blobs: BlobStore,
    tmp_path: Path,
    tracks: int = 3,
    known: int = 0,
    ctx: RuntimeContext | None = None,
    **config: Any,
) -> tuple[dict[str, Any], Envelope]:
    settings = {"endpoint": server.base, "model": "seer", **config}
    return run_stage(escalate.definition, settings, given(blobs, tracks, known), tmp_path, blobs, ctx or context())


def store_of(blobs: BlobStore) -> dict[str, bytes]:
    assert isinstance(blobs.store, ScratchStore)
    return blobs.store.objects
