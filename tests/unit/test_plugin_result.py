"""What `plugin run` prints of a result: JSON that every program reads, whatever the result is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from flows.command.plugin_run import shown
from stages.datatypes import DataType


class ShownSpots(DataType):
    def summary(self) -> Mapping[str, Any]:
        return {"count": np.int64(2), "mean": float("nan")}


class Colour(Enum):
    RED = "red"


class Whole(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    spots: ShownSpots
    grid: np.ndarray
    raw: bytes = b"\xff"
    day: date = date(2026, 11, 22)
    place: Path = Path("a/b")
    colour: Colour = Colour.RED
    by_colour: dict[Colour, float] = {Colour.RED: float("-inf")}
    secret: SecretStr = SecretStr("hidden")


SPOTS = {"type": "ShownSpots", "count": 2, "mean": "nan"}


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ({"a": [1, True, None, "é", 0.5]}, {"a": [1, True, None, "é", 0.5]}),
        ({"a": [float("nan"), (float("inf"), -float("inf"))]}, {"a": ["nan", ["inf", "-inf"]]}),
        ({"grid": np.zeros((3, 40), "f4")}, {"grid": {"type": "ndarray", "dtype": "float32", "shape": [3, 40]}}),
        ({"few": np.array([[1.0, np.nan]])}, {"few": [[1.0, "nan"]]}),
        ([np.array(3), np.float32(0.5), np.bool_(True), np.longdouble(1)], [3, 0.5, True, "1.0"]),
        ({"raw": b"\xff\x00"}, {"raw": {"type": "bytes", "length": 2}}),
        ([ShownSpots(), {"in": ShownSpots()}], [SPOTS, {"in": SPOTS}]),
        ({1: {2}}, {"1": [2]}),
    ],
    ids=["plain", "not finite", "large array", "small array", "scalars", "bytes", "data types", "set"],
)
def test_what_json_has_no_word_for_is_told_by_its_figures(result: Any, told: Any) -> None:
    assert json.loads(json.dumps(shown(result), allow_nan=False)) == told


def test_a_model_is_told_by_its_fields_whatever_they_hold() -> None:
    made = shown(Whole(spots=ShownSpots(), grid=np.zeros(99)))
    assert json.loads(json.dumps(made, allow_nan=False)) == {
        "spots": SPOTS,
        "grid": {"type": "ndarray", "dtype": "float64", "shape": [99]},
        "raw": {"type": "bytes", "length": 1},
        "day": "2026-11-22",
        "place": "a/b",
        "colour": "red",
        "by_colour": {"red": "-inf"},
        "secret": "**********",
    }
