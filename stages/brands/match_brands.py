"""`match_brands`: which of the texts that were read name a brand."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from stages import RuntimeContext, StageConfig, stage
from stages.brands.names import aliases_of
from stages.datatypes import Detection, Detections, TextRegions

SOURCE = "text"
SCORE_DECIMALS = 4


class MatchBrandsConfig(StageConfig):
    """What to look for, and how like it a text must be."""

    brands: list[str] = Field(
        ["NORDVIK", "Altamira Bank|Altamira", "VOLTRA", "Lumora", "Kestrel Air"],
        description="Names to look for; aliases after '|'",
        min_length=1,
    )
    threshold: float = Field(84, ge=0, le=100, description="Least similarity that counts as a match")
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
def match_brands(text: TextRegions, config: MatchBrandsConfig, ctx: RuntimeContext) -> tuple[Detections, TextRegions]:
    """Compare every text with every brand by its letters. What is like one, but not enough, is left unresolved.

    A detection's score is that of the reading times that of the similarity.
    """
    from stages.brands.similarity import similarities

    near = min(config.near, config.threshold)
    texts = sorted(set(text.texts))
    found = dict(zip(texts, similarities(texts, aliases_of(config.brands), near), strict=True))
    hits: list[Detection] = []
    unresolved: list[int] = []
    for row, region in enumerate(text):
        alias, similarity = found[region.text]
        if alias is not None and similarity >= config.threshold:
            score = round(region.score * similarity / 100, SCORE_DECIMALS)
            hits.append(Detection(region.t, alias.brand, region.text, score, SOURCE, "", region.quad))
        elif alias is not None:
            unresolved.append(row)
    ctx.set_progress(len(text), len(text))
    return Detections.of(hits, text.notes), text.take(unresolved)
