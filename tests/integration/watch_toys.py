"""A stage that reads a video as bytes: it fails by what stands there."""

from __future__ import annotations

from pydantic import Field

from stages import StageConfig, stage
from stages.datatypes import Video


class ReadConfig(StageConfig):
    times: int = Field(1, ge=1, le=9, description="How often it is counted")


@stage(writes=("length",), category="toys")
def toy_length(video: Video, config: ReadConfig) -> int:
    """How many bytes there are."""
    with video.open() as file:
        content = file.read()
    if content.startswith(b"bad"):
        raise ValueError(f"{content.decode()} is no film")
    return len(content) * config.times
