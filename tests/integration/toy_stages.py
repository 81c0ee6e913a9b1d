"""Small stages that tell in a file when they run. Named to runs by STAGEWRIGHT_STAGE_MODULES."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from pydantic import Field

from stages import RuntimeContext, StageConfig, StageConfigField, StageDefinition, StageIO, stage
from stages.core.errors import InputError
from stages.core.state import DetectState


def _tell(name: str) -> None:
    with Path(os.environ["TOY_LOG"]).open("a") as log:
        log.write(f"{name}\n")


class SourceConfig(StageConfig):
    n: int = Field(10, ge=0, le=1000, description="How many numbers")
    noise: int = Field(0, description="Changes nothing in what is written")


@stage(writes=("numbers", "raw"), category="toys")
def toy_source(config: SourceConfig, ctx: RuntimeContext) -> tuple[list[int], bytes]:
    """Numbers, and as many bytes."""
    _tell("source")
    for number in range(config.n):
        ctx.set_progress(number + 1, config.n)
    return list(range(config.n)), bytes(config.n)


class WordsConfig(StageConfig):
    words: list[str] = Field([], description="Words")


@stage(writes=("words",), category="toys")
def toy_listed(config: WordsConfig) -> list[str]:
    """The words of its settings."""
    _tell(f"words {' '.join(config.words)}")
    return list(config.words)


class ScaleConfig(StageConfig):
    factor: int = Field(2, description="What every number is multiplied by")
    wait: float = Field(0, ge=0, le=60, description="Seconds to wait")
    deaf: float = Field(0, ge=0, le=60, description="Seconds to wait without hearing that the job was stopped")
    fail: str = Field("", description="Fail with this message")
    refuse: str = Field("", description="Fail by what was read, with this message")


@stage(writes=("scaled",), category="toys")
def toy_scale(numbers: list[int], config: ScaleConfig, ctx: RuntimeContext) -> list[int]:
    """Every number times the factor."""
    _tell(f"scale {config.factor}")
    Path(os.environ["TOY_LOG"]).with_suffix(".times").open("a").write(f"{config.factor} start {time.time()}\n")
    time.sleep(config.deaf)
    until = time.monotonic() + config.wait
    while time.monotonic() < until:
        ctx.set_progress(until - time.monotonic(), config.wait)
        time.sleep(0.02)
    Path(os.environ["TOY_LOG"]).with_suffix(".times").open("a").write(f"{config.factor} end {time.time()}\n")
    if config.fail:
        raise ValueError(config.fail)
    if config.refuse:
        raise InputError(config.refuse)
    return [number * config.factor for number in numbers]


@stage(writes=("luck",), category="toys", retries=1)
def toy_second_time_lucky() -> str:
    """Fails when it runs for the first time."""
    _tell("lucky")
    if Path(os.environ["TOY_LOG"]).read_text().count("lucky") == 1:
        raise OSError("not yet")
    return "luck"


@stage(writes=("thing",), category="toys")
def toy_unwritable() -> object:
    """Gives what nobody can write."""
    return {"deep": [object()]}


@stage(writes=("nothing", "endless"), category="toys")
def toy_odd() -> tuple[None, list[float]]:
    """Values that JSON has, and has not."""
    return None, [float("nan")]


@stage(writes=("raw_length",), category="toys")
def toy_measure(raw: bytes) -> int:
    """How many bytes there are: reads the blob."""
    _tell("measure")
    return len(raw)


def _sum(state: DetectState) -> dict[str, Any]:
    _tell("sum")
    parts = [state["left"], state.get("right") or []]
    filled = [part for part in parts if part]
    return {"total": {"sum": sum(map(sum, filled)), "parts": len(filled), "plus": state.config.plus}}


# As it would come from a package that knows nothing but the contract: fields alone, nobody registers it.
TOY_SUM = StageDefinition(
    name="toy_sum",
    label="Sum",
    description="The sum of one or two lists.",
    io=StageIO(reads=["left"], writes=["total"], optional_reads=["right"]),
    config_fields=[StageConfigField("plus", "int", 0, "Told beside the sum", min=0, max=9)],
    category="toys",
    fn=_sum,
)


def _write_words(state: DetectState) -> dict[str, Any]:
    _tell("words")
    return {"words": ["a", "b"], "count": 2}


def _serialize_words(state: dict[str, Any], job_id: str) -> dict[str, Any]:
    from stages import blobs

    return {"text": " ".join(state["words"]), "copy": blobs().put(b"words"), "count": state["count"]}


def _deserialize_words(data: dict[str, Any], job_id: str) -> dict[str, Any]:
    return {"words": data["text"].split(), "count": data["count"]}


TOY_WORDS = StageDefinition(
    name="toy_words",
    label="Words",
    description="Two words, kept in a form of its own.",
    io=StageIO(reads=[], writes=["words", "count"]),
    category="toys",
    fn=_write_words,
    serialize_fn=_serialize_words,
    deserialize_fn=_deserialize_words,
)


@stage(writes=("line",), category="toys")
def toy_join(words: list[str]) -> str:
    """The words in a line."""
    _tell("join")
    return "-".join(words)


@stage(writes=("stamp",), category="toys", pure=False)
def toy_clock() -> float:
    """The time: never kept."""
    _tell("clock")
    return time.time()


PICTURE = bytes.fromhex(  # a PNG of one red pixel
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100"
    "c9fe92ef0000000049454e44ae426082"
)


@stage(writes=("trained",), category="toys")
def toy_train(ctx: RuntimeContext) -> int:
    """Tells metrics of two categories, and logs a picture and a text."""
    _tell("train")
    folder = Path(os.environ["TOY_LOG"]).parent
    (folder / "loss_[1].png").write_bytes(PICTURE)
    (folder / "notes.txt").write_text("it went well")
    ctx.set_metrics({"loss": 1 / 3, "epoch": 5}, "training")
    ctx.set_metrics({"mAP": 0.5}, "validation")
    ctx.log("epoch", {"epoch": 5}, file=folder / "loss_[1].png")
    ctx.log("end", {}, file=folder / "notes.txt")
    return 5
