"""`index_scenes`: where scenes begin and end, and what was seen in each."""

from __future__ import annotations

from pydantic import Field

from stages import RuntimeContext, StageConfig, stage
from stages.datatypes import Boxes, Frames, Scene, Scenes
from stages.scenes.borders import scene_starts
from stages.scenes.counting import Counts


class IndexScenesConfig(StageConfig):
    """What counts as a scene."""

    min_seconds: float = Field(
        0.4, ge=0, le=3600, description="A cut that comes sooner after the last one begins no scene, seconds"
    )
    least_share: float = Field(
        0.25,
        ge=0,
        le=1,
        description="Share of a scene's pictures in which things of a label must be seen to count",
    )


@stage(label="Index scenes", category="scenes", writes=("scenes",))
def index_scenes(
    frames: Frames,
    config: IndexScenesConfig,
    ctx: RuntimeContext,
    motion: Frames | None = None,
    objects: Boxes | None = None,
) -> Scenes:
    """Make scenes of the cuts, and count the things in each.

    Cuts are taken from `motion`, whose pictures are nearer to each other, where there is one. A scene is shown by its
    picture with the most things in it; of several the one nearest to its middle. What is seen in few of a scene's
    pictures is mostly seen wrongly, and not counted.
    """
    starts = scene_starts(frames, motion or frames, config.min_seconds)
    counts = Counts(frames, objects, config.least_share)
    ends = [*starts[1:], max(frames.info.decoded_s, starts[-1])]
    rows = [_scene(n, span, frames, counts) for n, span in enumerate(zip(starts, ends, strict=True), 1)]
    return Scenes(tuple(rows), objects.notes if objects is not None else ())


def _scene(number: int, span: tuple[float, float], frames: Frames, counts: Counts) -> Scene:
    start, end = span
    first, after = map(int, frames.index.t.searchsorted([start, end]))
    places = range(first, max(after, first + 1))  # of a video without length the one picture
    middle = (start + end) / 2
    shown = max(places, key=lambda place: (counts.all_in(place), -abs(float(frames.index.t[place]) - middle)))
    return Scene(
        id=f"s{number:04d}",
        start_s=start,
        end_s=end,
        picture_t=float(frames.index.t[shown]),
        pictures=len(places),
        objects=counts.within(places),
    )
