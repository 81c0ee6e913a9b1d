"""What an estimator holds, as values that an event can carry."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from stages.plugins.autolog_plain import as_plain, figure


class TestPlain:
    @pytest.mark.parametrize(
        ("value", "plain"),
        [
            (np.float32(0.5), 0.5),
            (np.int64(3), 3),
            (np.array([1]), 1),
            (float("nan"), "nan"),
            ((1, {2: np.True_}), [1, {"2": True}]),
            ("x" * 300, "x" * 200 + "…"),
            (np.array([1, 2]), "array([1, 2])"),
            (LogisticRegression, "sklearn.linear_model._logistic.LogisticRegression"),
        ],
        ids=repr,
    )
    def test_values(self, value: Any, plain: Any) -> None:
        assert as_plain(value) == plain

    def test_what_holds_itself_or_cannot_be_shown(self) -> None:
        class Mute:
            def __repr__(self) -> str:
                raise RuntimeError

        ring: list[Any] = []
        ring.append(ring)
        json.dumps(as_plain(ring))
        assert as_plain(Mute()) == "Mute"

    def test_figures(self) -> None:
        values = (np.float64(0.5), np.array([2]), True, "1", None, np.array([1, 2]))
        assert [figure(value) for value in values] == [0.5, 2, None, None, None, None]
