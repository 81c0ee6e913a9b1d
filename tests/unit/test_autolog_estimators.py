"""Estimators stay what they are while their fits are told: a user's own, copies, pickles."""

from __future__ import annotations

import inspect
import pickle
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.unit.heard import Heard, X, Y, in_stage, make_heard


@pytest.fixture
def heard() -> Heard:
    return make_heard()


class Odd(ClassifierMixin, BaseEstimator):
    """A user's estimator that keeps to few rules."""

    def __init__(self, gamma: Any = None) -> None:
        self.gamma = gamma

    def fit(self, X: Any, y: Any = None, weights: Any = None) -> Odd:
        self.classes_ = [0]
        return self

    @property
    def n_iter_(self) -> int:
        raise RuntimeError("not now")

    def score(self, X: Any, y: Any = None) -> float:
        raise RuntimeError("not now either")


class TestEstimatorsOfUsers:
    def test_are_told_of_like_any(self, heard: Heard) -> None:
        in_stage(lambda: Odd(gamma=len).fit(iter([1])), heard)
        assert heard.fits[0]["params"] == {"gamma": "builtins.len"}
        assert heard.metrics["Odd"].keys() == {"seconds"}

    def test_also_those_derived_later_and_those_that_call_their_base(self, heard: Heard) -> None:
        in_stage(lambda: None, heard)

        class Later(Odd):
            def fit(self, X: Any, y: Any = None, weights: Any = None) -> Later:
                super().fit(X, y)
                return self

        class Scaled(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
            def fit(self, X: Any, y: Any = None) -> Scaled:
                return self

            def transform(self, X: Any) -> Any:
                return X

        in_stage(lambda: (Later().fit(X), Scaled().fit_transform(X)), heard)
        assert heard.estimators == ["Later", "Scaled"]

    def test_signatures_stay_and_so_does_what_scikit_learn_makes_of_them(self, heard: Heard) -> None:
        before = str(inspect.signature(Odd.fit))
        in_stage(lambda: None, heard)
        assert (
            str(inspect.signature(Odd.fit))
            == before
            == "(self, X: 'Any', y: 'Any' = None, weights: 'Any' = None) -> 'Odd'"
        )
        assert hasattr(Odd(), "set_fit_request")


class TestEstimatorsTravel:
    @pytest.fixture(autouse=True)
    def _told(self, heard: Heard) -> None:
        in_stage(lambda: None, heard)

    def test_cloned_and_pickled(self) -> None:
        model = pickle.loads(pickle.dumps(clone(make_pipeline(StandardScaler(), LogisticRegression())).fit(X, Y)))
        assert model.score(X, Y) > 0.8

    def test_a_class_that_goes_by_value(self, heard: Heard) -> None:
        class Local(BaseEstimator):
            def fit(self, X: Any, y: Any = None) -> Local:
                self.seen_ = len(X)
                return self

        again = cloudpickle.loads(cloudpickle.dumps(Local()))
        in_stage(lambda: again.fit(X), heard)
        assert again.seen_ == 60
        assert heard.estimators == ["Local"]

    def test_with_joblib(self, tmp_path: Path, heard: Heard) -> None:
        fit = joblib.delayed(lambda n: LogisticRegression().fit(X[:n], Y[:n]))
        models = in_stage(lambda: joblib.Parallel(n_jobs=2, prefer="threads")(fit(n) for n in (30, 40)), heard)
        joblib.dump(models[0], tmp_path / "model")
        assert joblib.load(tmp_path / "model").score(X, Y) > 0.8
        cached = make_pipeline(StandardScaler(), LogisticRegression(), memory=str(tmp_path / "cache"))
        for _ in range(2):
            in_stage(lambda: cached.fit(X, Y), heard)
        assert heard.estimators == ["Pipeline"] * 2
