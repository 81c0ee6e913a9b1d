"""Actions for tests of pipelines, in a module that every process can import."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, Field

from stages import RuntimeContext
from stages.datatypes import DataType
from stages.plugins import BaseAction, action


class PipelineWords(DataType):
    """Words, which can be given as a JSON file."""

    def __init__(self, words: list[str]) -> None:
        self.words = words

    def encode(self, blobs: Any) -> Any:
        return self.words

    @classmethod
    def decode(cls, data: Any, blobs: Any) -> PipelineWords:
        return cls(data)

    @classmethod
    def from_address(cls, address: str) -> PipelineWords:
        return cls(json.loads(Path(address).read_text()))


class SplitParams(BaseModel):
    text: str = Field("to be or not", max_length=40)
    lines: int = Field(0, ge=0, description="Lines to say")


@action(output_type=PipelineWords)
def toy_split(params: SplitParams, ctx: RuntimeContext) -> PipelineWords:
    """Splits a text, and says some lines."""
    for number in range(params.lines):
        ctx.log_message(f"line {number} of {params.lines}")
    return PipelineWords(params.text.split())


class ToyEmbellishParams(BaseModel):
    gate: str = Field("", description="A file that is waited for")
    fail: str = Field("", description="Fail with this message")
    mark: str = "!"


class ToyEmbellishAction(BaseAction[ToyEmbellishParams]):
    """Adds a mark to each word."""

    input_type = PipelineWords
    output_type = PipelineWords
    stage_options: ClassVar = {"progress": {"look": 1, "write": 1}}

    def execute(self) -> PipelineWords:
        self.set_progress(1, 1, "look")
        while self.params.gate and not Path(self.params.gate).exists():
            self.set_progress(1, 2, "write")
            time.sleep(0.02)
        if self.params.fail:
            raise ValueError(self.params.fail)
        return PipelineWords([word + self.params.mark for word in self.ctx.input.words])


class Lengths(BaseModel):
    """How long words are."""

    lengths: list[int]


class LengthsParams(BaseModel):
    least: int = Field(0, ge=0, le=9)


class ToyLengthsAction(BaseAction[LengthsParams]):
    """The lengths of words."""

    input_type = PipelineWords
    result_model = Lengths

    def execute(self) -> Lengths:
        found = [len(word) for word in self.ctx.input.words]
        return Lengths(lengths=[length for length in found if length >= self.params.least])
