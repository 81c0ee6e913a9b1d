"""A small stage that reads its film. Named to batches by STAGEWRIGHT_STAGE_MODULES."""

from __future__ import annotations

import os
import time
from pathlib import Path

from pydantic import Field

from stages import RuntimeContext, StageConfig, stage
from stages.datatypes import Video


class FilmConfig(StageConfig):
    fail: str = Field("", description="Fail at the film that holds this")
    wait: str = Field(
        "", description="Wait at the film that holds this, for a minute or until the log has `go` beside it"
    )


@stage(writes=("film",), category="toys")
def toy_film(video: Video, config: FilmConfig, ctx: RuntimeContext) -> str:
    """What the film holds."""
    with video.open() as file:
        held = file.read().decode()
    with Path(os.environ["TOY_LOG"]).open("a") as log:
        log.write(f"film {held}\n")
    if held == config.fail:
        raise ValueError("this one was to fail")
    if held == config.wait:
        for second in range(3000):
            ctx.set_progress(second, 3000)
            if Path(os.environ["TOY_LOG"]).with_name("go").exists():
                break
            time.sleep(0.02)
    return held
