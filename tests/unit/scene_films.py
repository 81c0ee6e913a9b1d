"""Films of scenes with cuts between them, and the stage that takes their pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from stages.core.envelope import Envelope
from stages.core.spread import Spread
from stages.datatypes import Video
from stages.video import extract_frames
from tests.unit.films import Picture
from tests.unit.harness import make_context, run_stage

SIZE, FPS, COUNT = (160, 96), 12, 288
SEGMENT_S = 6.0
"""Of 24 seconds; the tests need not be longer than that."""

SCENES = [
    np.kron(np.random.default_rng(n).integers(0, 64, (12, 20, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
    + np.uint8(53 * n % 190)
    for n in range(12)
]


def scenes(n: int, length: int = 31) -> Picture:
    """A movement in each scene, and a cut after so many pictures."""
    return np.roll(SCENES[n // length % len(SCENES)], n % length, axis=1)


def extract(path: Path, tmp_path: Path, spread: Spread | None = None, **config: Any) -> tuple[Any, Envelope]:
    video = Video.from_address(str(path))
    ctx = make_context(spread=spread)
    return run_stage(extract_frames.definition, config, {"video": video}, tmp_path, ctx=ctx)


X264, OPEN = {"g": "24", "bf": "2"}, {"g": "20", "bf": "3", "x264-params": "open_gop=1:scenecut=0:b-pyramid=2"}
