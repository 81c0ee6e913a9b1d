"""`escalate`: what could not be settled by reading is shown to a vision model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from stages import RuntimeContext, StageConfig, memo, stage
from stages.brands.names import NAMES, aliases_of
from stages.brands.vision_asking import Inquiry, Told, ask_all
from stages.brands.vision_endpoint import VARIABLE, Endpoint, Wishes, key_for
from stages.brands.vision_purse import Purse
from stages.brands.vision_question import Answer, Question
from stages.datatypes import Crop, Crops, Detection, Detections, Readings, TrackPoint, Tracks

SOURCE = "vision"
SCORE_DECIMALS = 4


class EscalateConfig(StageConfig):
    """Whom to ask, about what, and for how much. The key comes from STAGEWRIGHT_VISION_KEY (see `key_for`)."""

    brands: list[str] = Field(
        ["NORDVIK", "Altamira Bank|Altamira", "VOLTRA", "Lumora", "Kestrel Air"],
        description="Names to ask for; aliases after '|'. The same as those of match_brands",
        min_length=1,
        json_schema_extra=NAMES,
    )
    endpoint: str = Field(
        "https://api.openai.com/v1", description="Address of an OpenAI-compatible API, before /chat/completions"
    )
    model: str = Field("gpt-4o-mini", min_length=1, description="Model that sees pictures, as the endpoint calls it")
    max_crops: int = Field(200, ge=0, le=100_000, description="Most crops that are looked at; the longest seen first")
    budget: float = Field(
        1, ge=0, le=1e6, description="Money that one run may spend; answers that are kept cost nothing"
    )
    price_in: float = Field(0.00015, ge=0, le=1e3, description="Price of a thousand tokens that are sent")
    price_out: float = Field(0.0006, ge=0, le=1e3, description="Price of a thousand tokens that are answered")
    least: float = Field(0.5, ge=0, le=1, description="Least sureness of an answer that counts, as the model tells")
    visible: float = Field(0.4, ge=0, le=1, description="Share of a text that must be visible for it to count as seen")
    timeout: float = Field(60, gt=0, le=600, description="Seconds that one request may take")
    parallel: int = Field(4, ge=1, le=64, description="Requests that are under way at the same time")
    retries: int = Field(4, ge=0, le=10, description="Further attempts at a request after 429, 5xx and timeouts")
    max_failed: int = Field(10, ge=0, description="Crops that may stay without an answer before the stage fails")
    max_tokens: int = Field(200, ge=20, le=10_000, description="Most tokens of an answer")
    tokens_field: Literal["max_tokens", "max_completion_tokens"] = Field(
        "max_tokens", description="What the endpoint calls that limit; OpenAI's reasoning models want the longer name"
    )
    json_mode: bool = Field(True, description="Ask for JSON by response_format; off for endpoints that refuse it")

    @model_validator(mode="after")
    def _brands_are_told_apart(self) -> Self:
        if any(alias.letters == "none" for alias in aliases_of(self.brands)):
            raise ValueError("'none' is what is answered where there is no brand; it cannot be a brand's name")
        return self

    @field_validator("endpoint")
    @classmethod
    def _endpoint_is_an_address(cls, endpoint: str) -> str:
        parts = urlsplit(endpoint)
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise ValueError("an endpoint holds no name, password or query: settings are stored, keys are not")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an endpoint is an address such as https://api.example.com/v1")
        return endpoint


@stage(
    label="Escalate to a vision model",
    category="brands",
    writes=("detections", "unresolved", "escalation"),
    secrets=(VARIABLE,),
)
def escalate(
    crops: Crops,
    detections: Detections,
    unresolved: Readings,
    tracks: Tracks,
    config: EscalateConfig,
    ctx: RuntimeContext,
) -> tuple[Detections, Readings, dict[str, Any]]:
    """Ask a vision model which of the brands each unresolved crop shows; where it is sure of one, the track is seen
    wherever it is visible.

    This asks a service, and costs money. An answer is remembered by crop, model and question, so no crop is paid for
    twice, in no job; with answers remembered the stage does the same again, and its result is kept as any other. What
    failed or was left out for want of money is asked with `--refresh`.
    """
    seen = _sightings(tracks, config.visible)
    crops_in_order = sorted(crops, key=lambda crop: (-len(seen.get(crop.track, ())), crop.track))
    chosen = crops_in_order[: config.max_crops]
    inquiry = _inquiry(config, ctx)
    told = ask_all(list({crop.digest: crop for crop in chosen}.values()), inquiry, ctx)
    hits: list[Detection] = []
    resolved: set[int] = set()
    for crop in chosen:
        answer = told.answers.get(crop.digest)
        if answer is not None and answer.brand is not None and answer.confidence >= config.least:
            resolved.add(crop.track)
            hits += (_detection(crop, answer, answer.brand, point) for point in seen.get(crop.track, ()))
    figures = _figures(told, len(resolved), len(crops) - len(chosen), inquiry.purse, config)
    notes = [*detections.notes, *crops.notes, *_notes(figures, inquiry.purse)]
    both = sorted([*detections, *hits], key=lambda hit: (hit.t, hit.brand))
    left = Readings.of((row for row in unresolved if row.track not in resolved), unresolved.notes)
    return Detections.of(both, notes), left, figures


def _sightings(tracks: Tracks, visible: float) -> dict[int, list[TrackPoint]]:
    """Where each track is to be seen."""
    return {
        track: [tracks[row] for row in rows if tracks.visible[row] >= visible]
        for track, rows in tracks.rows_of().items()
    }


def _inquiry(config: EscalateConfig, ctx: RuntimeContext) -> Inquiry:
    body: dict[str, Any] = {"model": config.model, config.tokens_field: config.max_tokens}
    body |= {"response_format": {"type": "json_object"}} if config.json_mode else {}
    wishes = Wishes(config.timeout, config.retries, body)
    return Inquiry(
        question=Question(config.brands),
        model=config.model,
        memo=memo("vision"),
        connect=lambda: Endpoint(config.endpoint, key_for(config.endpoint, ctx.env), wishes),
        purse=Purse(config.budget, config.price_in, config.price_out, config.max_tokens, config.parallel),
        parallel=config.parallel,
        max_failed=config.max_failed,
    )


def _detection(crop: Crop, answer: Answer, brand: str, point: TrackPoint) -> Detection:
    """The score is the model's own word; the text what it reads."""
    score, text = round(answer.confidence, SCORE_DECIMALS), answer.text or crop.text
    return Detection(point.t, brand, text, score, SOURCE, "", point.quad)


def _figures(told: Told, resolved: int, over: int, purse: Purse, config: EscalateConfig) -> dict[str, Any]:
    return {
        "model": config.model,
        "endpoint": config.endpoint,
        "asked": told.asked,
        "answered": told.answered,
        "resolved": resolved,
        "failed": told.failed,
        "cached": told.cached,
        "left_out_by_budget": told.left_out,
        "left_out_by_max_crops": over,
        "tokens_in": purse.tokens_in,
        "tokens_out": purse.tokens_out,
        "cost": purse.cost,
    }


def _notes(figures: Mapping[str, Any], purse: Purse) -> Iterator[str]:
    """What a reader of the report should know, in sentences."""
    shown = figures["asked"] + figures["cached"]
    if shown:
        who = f"{figures['model']} at {figures['endpoint']}"
        yield f"{shown} unresolved text(s) were shown to {who}; {figures['resolved']} of them show a brand, it says."
    if figures["failed"]:
        yield f"{figures['failed']} of them stayed without an answer."
    if figures["left_out_by_budget"]:
        yield f"{figures['left_out_by_budget']} unresolved text(s) were not shown to it: the budget was spent."
    if figures["left_out_by_max_crops"]:
        yield f"{figures['left_out_by_max_crops']} unresolved text(s) were not shown to it: there were too many."
    if purse.untold:
        yield f"The endpoint does not tell what {purse.untold} answer(s) took; their cost is assumed."
