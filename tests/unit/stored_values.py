"""Values with types of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from stages.core.blobs import BlobStore
from stages.core.datatype import DataType
from stages.core.errors import EncodeError
from stages.core.values import encode_value


@dataclass
class Film(DataType):
    """Known by its content, not by its place."""

    name = "ValuesFilm"

    place: str
    content: list[Any]

    def encode(self, blobs: BlobStore) -> Any:
        return {"place": self.place, "content": self.content}

    @classmethod
    def decode(cls, data: Any, blobs: BlobStore) -> Film:
        return cls(data["place"], data["content"])

    @classmethod
    def identity(cls, data: Any) -> Any:
        return data["content"]


class Unwritten(DataType):
    """Does not say how to write itself."""

    name = "ValuesUnwritten"


def refused(value: Any, blobs: BlobStore, declared: type[DataType] | None = None) -> str:
    with pytest.raises(EncodeError) as e:
        encode_value(value, declared, blobs)
    return str(e.value)
