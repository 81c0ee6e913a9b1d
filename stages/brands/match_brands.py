"""`match_brands`: which of the texts that were followed and read name a brand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from stages import RuntimeContext, StageConfig, stage
from stages.brands.names import NAMES, Alias, aliases_of
from stages.datatypes import Detection, Detections, Reading, Readings, TrackPoint, Tracks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stages.brands.evidence import Part
    from stages.brands.votes import Claim, Opinion

SOURCE = "text"
SCORE_DECIMALS = 4


class MatchBrandsConfig(StageConfig):
    """What to look for, and how like it a text must be."""

    brands: list[str] = Field(
        ["NORDVIK", "Altamira Bank|Altamira", "VOLTRA", "Lumora", "Kestrel Air"],
        description="Names to look for; aliases after '|'",
        min_length=1,
        json_schema_extra=NAMES,
    )
    threshold: float = Field(84, ge=0, le=100, description="Least similarity that counts as a match")
    visible: float = Field(0.4, ge=0, le=1, description="Share of a text that must be visible for it to count as seen")
    near: float = Field(
        65, ge=0, le=100, description="Least similarity of a text that is listed as unresolved, for a person to judge"
    )

    @model_validator(mode="after")
    def _brands_are_told_apart(self) -> Self:
        aliases_of(self.brands)
        return self


@stage(
    label="Match brands",
    category="brands",
    writes=("detections", "unresolved"),
    depends=("rapidfuzz",),
)
def match_brands(
    readings: Readings, tracks: Tracks, config: MatchBrandsConfig, ctx: RuntimeContext
) -> tuple[Detections, Readings]:
    """Let all readings of a track vote for the brand that it shows; the track is then seen wherever it is visible.

    What is like a brand, but not enough, is left unresolved, once a track. A detection's score is that of the best
    reading times that of the similarity.
    """
    from stages.brands.pieces import with_pieces

    opinions = _opinions(readings, config, ctx)
    accepted = {track: opinion.accepted(config.threshold) for track, opinion in opinions.items()}
    accepted = with_pieces(accepted, opinions, tracks)
    rows_of = tracks.rows_of()
    hits: list[Detection] = []
    unresolved: list[Reading] = []
    for track, opinion in opinions.items():
        if accepted[track]:
            points = (tracks[row] for row in rows_of[track] if tracks.visible[row] >= config.visible)
            hits += _hits(opinion, accepted[track], points)
        elif (nearest := opinion.nearest()) is not None and nearest.similarity >= config.near:
            unresolved.append(nearest.best)
    hits.sort(key=lambda hit: (hit.t, hit.brand))
    return Detections.of(hits, [*tracks.notes, *readings.notes]), Readings.of(unresolved)


def _opinions(readings: Readings, config: MatchBrandsConfig, ctx: RuntimeContext) -> dict[int, Opinion]:
    """What the readings of each track say."""
    from stages.brands.evidence import Name
    from stages.brands.votes import Opinion

    names = [Name.of(alias) for alias in aliases_of(config.brands)]
    said: dict[int, list[Reading]] = defaultdict(list)
    for reading in readings:
        said[reading.track].append(reading)
    opinions: dict[int, Opinion] = {}
    for done, (track, own) in enumerate(said.items(), 1):
        opinions[track] = Opinion.of(own, names, config.threshold)
        ctx.set_progress(done, len(said))
    return opinions


def _hits(opinion: Opinion, accepted: Collection[Alias], points: Iterable[TrackPoint]) -> Iterator[Detection]:
    """What a track shows at each of its points."""
    from stages.brands.votes import at

    shown = opinion.shown(accepted)
    for point in points:
        for claim, part in at(point.t, shown):
            yield _detection(claim, point, part)


def _detection(claim: Claim, point: TrackPoint, part: Part) -> Detection:
    score = round(claim.best.score * claim.similarity / 100, SCORE_DECIMALS)
    quad = point.quad if part == (0, 1) else _along(point.quad, part)
    return Detection(point.t, claim.alias.brand, claim.best.text, score, SOURCE, "", quad)


def _along(quad: NDArray[np.float32], part: Part) -> NDArray[np.float32]:
    """A part of a quad along the line of its text."""
    import numpy as np

    (left, right), (lower_left, lower_right) = quad[:2], quad[:1:-1]
    begin, end = part
    top, bottom = right - left, lower_right - lower_left
    made = (left + top * begin, left + top * end, lower_left + bottom * end, lower_left + bottom * begin)
    return np.stack(made).astype(np.float32, copy=False)
