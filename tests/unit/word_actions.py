"""Actions on words."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from stages.core.blobs import BlobStore
from stages.core.datatype import DataType
from stages.plugins import BaseAction, NoParams, PluginCategory


class ActionWords(DataType):
    def __init__(self, words: list[str]) -> None:
        self.words = words

    def encode(self, blobs: BlobStore) -> Any:
        return self.words

    @classmethod
    def decode(cls, data: Any, blobs: BlobStore) -> ActionWords:
        return cls(data)


class CountParams(BaseModel):
    """Parameters of counting."""

    least: int = Field(1, ge=1, le=10, description="Shortest word that counts")


class Count(BaseModel):
    words: int
    longest: str | None = None


class CountWordsAction(BaseAction[CountParams]):
    """Counts words."""

    category = PluginCategory.DATA_VALIDATION
    input_type = ActionWords
    result_model = Count

    def execute(self) -> dict[str, Any]:
        words = [word for word in self.ctx.input.words if len(word) >= self.params.least]
        self.log("counted", {"words": len(words)})
        self.set_progress(1, 1)
        self.set_metrics({"words": len(words)}, "count")
        return {"words": len(words), "longest": max(words, key=len, default=None)}


class SayAction(BaseAction[NoParams]):
    action_name = "say_it"
    output_type = "ActionWords"

    def execute(self) -> ActionWords:
        return ActionWords(["a", "bc"])
