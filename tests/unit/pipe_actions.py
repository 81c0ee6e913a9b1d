"""Actions that fit each other, and some that do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from stages import RuntimeContext
from stages.core.errors import ProfileError
from stages.datatypes import DataType
from stages.plugins import BaseAction, NoParams, action


class PipeText(DataType):
    def __init__(self, text: str) -> None:
        self.text = text

    def encode(self, blobs: Any) -> Any:
        return self.text

    @classmethod
    def decode(cls, data: Any, blobs: Any) -> PipeText:
        return cls(data)

    @classmethod
    def from_address(cls, address: str) -> PipeText:
        return cls(Path(address).read_text())


class PipeLoudText(PipeText):
    pass


class PipeNumber(PipeText):
    pass


class WriteParams(BaseModel):
    text: str = Field("a", max_length=9)
    times: int = Field(1, ge=1)


class WriteAction(BaseAction[WriteParams]):
    output_type = PipeText

    def execute(self) -> PipeText:
        return PipeText(self.params.text * self.params.times)


class ShoutParams(BaseModel):
    times: int = Field(1, ge=1, le=9)
    end: str = "!"


class EndParams(BaseModel):
    end: str = Field("", alias="ending")


@action
def end_it(params: EndParams, ctx: RuntimeContext) -> str:
    return params.end


@action(input_type=PipeText, output_type=PipeLoudText)
def shout(params: ShoutParams, ctx: RuntimeContext) -> PipeLoudText:
    return PipeLoudText(ctx.input.text.upper() + params.end * params.times)


class Counted(BaseModel):
    characters: int


class CountAction(BaseAction[NoParams]):
    action_name = "pipe_count"
    input_type = PipeText
    result_model = Counted

    def execute(self) -> Counted:
        return Counted(characters=len(self.ctx.input.text))


class OtherAction(BaseAction[NoParams]):
    input_type = "YOLODataset"
    output_type = "ModelWeights"

    def execute(self) -> Any:
        raise NotImplementedError


class TidyAction(BaseAction[NoParams]):
    """Reads nothing, writes anything."""

    def execute(self) -> int:
        return 7


def faults(error: pytest.ExceptionInfo[ProfileError]) -> list[str]:
    return [str(fault) for fault in error.value.context["faults"]]
