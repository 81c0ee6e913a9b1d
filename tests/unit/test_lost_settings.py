"""A setting that is misspelt within settings is told, as one on top is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stages.core.config import StageConfig, strict


class Rate(BaseModel):
    value: float = 0.1
    later: Rate | None = None


class Open(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Reading(BaseModel):
    value: int = 1

    @model_validator(mode="before")
    @classmethod
    def _of_old(cls, given: Any) -> Any:
        return {"value": given["old"]} if isinstance(given, dict) and "old" in given else given


class Params(BaseModel):
    rate: Rate = Rate()
    rates: list[Rate] = []
    named: dict[str, Rate] = {}
    maybe: Rate | None = None
    other: Rate = Field(Rate(), alias="OTHER")
    open: Open = Open()
    reading: Reading = Reading()


class Own(StageConfig):
    rate: Rate = Rate()


@pytest.mark.parametrize("model", [Params, Own])
def test_one_that_no_field_is_called_by_is_refused(model: type[BaseModel]) -> None:
    with pytest.raises(ValidationError) as e:
        strict(model).model_validate({"rate": {"value": 1, "vlaue": 2}})
    assert [(fault["type"], fault["loc"]) for fault in e.value.errors()] == [("extra_forbidden", ("rate", "vlaue"))]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"rates": [{"value": 1}, {"x": 1}]}, ("rates", 1, "x")),
        ({"named": {"a": {"x": 1}}}, ("named", "a", "x")),
        ({"maybe": {"later": {"x": 1}}}, ("maybe", "later", "x")),
        ({"OTHER": {"x": 1}}, ("OTHER", "x")),
    ],
    ids=["list", "mapping", "optional", "alias"],
)
def test_wherever_it_stands(given: dict[str, Any], path: tuple[str | int, ...]) -> None:
    for read in (strict(Params).model_validate, lambda given: strict(Params).model_validate_json(json.dumps(given))):
        with pytest.raises(ValidationError) as e:
            read(given)
        assert [fault["loc"] for fault in e.value.errors()] == [path]


def test_what_a_model_says_itself_is_its_own() -> None:
    taken: Any = strict(Params).model_validate({"open": {"more": 1}, "reading": {"old": 3}, "rate": Rate(value=2)})
    assert (taken.reading.value, taken.rate.value) == (3, 2)
    assert strict(StageConfig) is StageConfig
