"""autolog: what scikit-learn fits is told to the stage that asked, and to nobody else. So is what ultralytics trains.

ultralytics is not installed for tests (AGPL, several GB). Its test trains a real YOLO where it is, and was run with
ultralytics 8.4.190 and PyTorch 2.13 on a CPU when the adapter was written.
"""

from __future__ import annotations

import inspect
import json
import pickle
from collections.abc import Callable, Iterator
from contextvars import copy_context
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from stages import RuntimeContext
from stages.core.errors import UsageError
from stages.core.spread import ThreadSpread
from stages.plugins.autolog import autolog
from stages.plugins.autolog_plain import as_plain, figure
from tests.unit.harness import make_context
from tests.unit.test_state_and_context import Listener

X = np.random.default_rng(0).normal(size=(60, 4))
Y = (X[:, 0] > 0).astype(int)


class Heard:
    """A stage's context, and what it was told."""

    def __init__(self, ctx: RuntimeContext, listener: Listener) -> None:
        self.ctx, self._listener = ctx, listener

    @property
    def fits(self) -> list[dict[str, Any]]:
        return [entry[2] for entry in self._listener.heard if entry[:2] == ("event", "fit")]

    @property
    def estimators(self) -> list[str]:
        return [fit["estimator"] for fit in self.fits]

    @property
    def metrics(self) -> dict[str, dict[str, Any]]:
        return self.ctx.gathered_metrics


def make_heard(**options: Any) -> Heard:
    listener = Listener()
    return Heard(make_context(listener, **options), listener)


def in_stage(work: Callable[[], Any], heard: Heard, framework: str = "sklearn") -> Any:
    """Do the work as a stage that asked for autolog, in a context of its own."""

    def stage() -> Any:
        autolog(framework, heard.ctx)
        return work()

    return copy_context().run(stage)


@pytest.fixture
def heard() -> Heard:
    return make_heard()


class TestAsking:
    def test_an_unknown_framework_is_told_with_those_there_are(self, heard: Heard) -> None:
        with pytest.raises(UsageError) as e:
            autolog("scikit_learn", heard.ctx)
        assert str(e.value) == (
            "autolog knows no framework 'scikit_learn'; did you mean 'scikit-learn'? "
            "There are: scikit-learn, sklearn, ultralytics."
        )

    @pytest.mark.skipif(find_spec("ultralytics") is not None, reason="ultralytics is installed")
    def test_one_that_is_not_installed_says_what_to_install(self, heard: Heard) -> None:
        with pytest.raises(UsageError, match=r"^autolog: ultralytics is not installed\. Install it: pip install ") as e:
            autolog("ultralytics", heard.ctx)
        assert "AGPL" in str(e.value)

    @pytest.mark.parametrize("name", ["sklearn", "scikit-learn"])
    def test_both_names_will_do(self, heard: Heard, name: str) -> None:
        in_stage(lambda: LinearRegression().fit(X, Y), heard, name)
        assert heard.estimators == ["LinearRegression"]


class TestWhatIsTold:
    def test_an_event_and_figures_under_the_name_of_the_estimator(self, heard: Heard) -> None:
        model = in_stage(lambda: LogisticRegression(C=0.5).fit(X, Y), heard)
        [fit] = heard.fits
        assert fit["params"]["C"] == 0.5
        assert fit["params"]["random_state"] is None
        assert fit["metrics"] == heard.metrics["LogisticRegression"]
        figures = dict(fit["metrics"])
        assert figures.pop("seconds") > 0
        assert figures == {
            "samples": 60,
            "features": 4,
            "training_score": model.score(X, Y),
            "n_iter_": int(model.n_iter_[0]),
        }
        json.dumps(fit, allow_nan=False)

    def test_the_loss_where_there_is_one(self, heard: Heard) -> None:
        model = in_stage(lambda: MLPClassifier((3,), max_iter=200, tol=1, random_state=0).fit(X, y=Y), heard)
        figures = heard.metrics["MLPClassifier"]
        assert (figures["loss_"], figures["n_iter_"]) == (model.loss_, model.n_iter_)
        assert heard.fits[0]["params"]["hidden_layer_sizes"] == [3]

    def test_a_search_is_one_fit_with_its_best_score(self, heard: Heard) -> None:
        search = GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [1, 2]})
        in_stage(lambda: search.fit(X, Y), heard)
        assert heard.estimators == ["GridSearchCV"]
        assert heard.metrics["GridSearchCV"]["best_score_"] == search.best_score_
        assert "training_score" not in heard.metrics["GridSearchCV"]
        assert heard.fits[0]["params"]["param_grid"] == {"logisticregression__C": [1, 2]}
        assert heard.fits[0]["params"]["estimator"].startswith("Pipeline(")

    def test_so_is_a_pipeline_by_whatever_method(self, heard: Heard) -> None:
        in_stage(lambda: make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y), heard)
        in_stage(lambda: make_pipeline(StandardScaler(), PCA(2)).fit_transform(X), heard)
        in_stage(lambda: make_pipeline(StandardScaler(), KMeans(2, n_init=1)).fit_predict(X), heard)
        assert heard.estimators == ["Pipeline"] * 3
        steps = heard.fits[0]["params"]["steps"]
        assert steps == [["standardscaler", "StandardScaler()"], ["logisticregression", "LogisticRegression()"]]

    @pytest.mark.parametrize("model", [StandardScaler(), PCA(2)], ids=["of a mixin", "its own"])
    def test_fit_transform_is_a_fit(self, heard: Heard, model: Any) -> None:
        in_stage(lambda: model.fit_transform(X), heard)
        assert heard.estimators == [type(model).__name__]

    def test_texts_without_a_score(self, heard: Heard) -> None:
        in_stage(lambda: TfidfVectorizer().fit(raw_documents=["a film", "a stage"]), heard)
        assert heard.metrics["TfidfVectorizer"].keys() == {"seconds", "samples"}

    def test_the_training_score_is_not_taken_of_many_samples(self, heard: Heard) -> None:
        many = np.zeros((10_001, 1))
        in_stage(lambda: LinearRegression().fit(many, many), heard)
        assert "training_score" not in heard.metrics["LinearRegression"]
        assert heard.metrics["LinearRegression"]["samples"] == 10_001

    def test_each_fit_has_its_event_the_last_figures_count(self, heard: Heard) -> None:
        in_stage(lambda: [LinearRegression().fit(X[:n], Y[:n]) for n in (10, 20)], heard)
        assert [fit["metrics"]["samples"] for fit in heard.fits] == [10, 20]
        assert heard.metrics["LinearRegression"]["samples"] == 20

    def test_a_fit_that_fails_does_so_as_without_us(self, heard: Heard) -> None:
        def work() -> None:
            with pytest.raises(ValueError, match="inconsistent numbers of samples"):
                LinearRegression().fit(X, Y[1:])
            LinearRegression().fit(X, Y)

        in_stage(work, heard)
        assert len(heard.fits) == 1


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


class TestWhoIsTold:
    def test_a_stage_that_did_not_ask_hears_nothing(self, heard: Heard) -> None:
        in_stage(lambda: None, heard)
        LinearRegression().fit(X, Y)
        assert heard.fits == []

    def test_stages_in_threads_beside_each_other_hear_their_own(self) -> None:
        stages = [make_heard() for _ in range(4)]
        models = [LinearRegression(), LogisticRegression(), StandardScaler(), KMeans(2, n_init=1)]

        def work(place: int) -> None:
            in_stage(lambda: [clone(models[place]).fit(X, Y) for _ in range(5)], stages[place])

        threads = [Thread(target=work, args=(place,)) for place in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [stage.estimators for stage in stages] == [[type(model).__name__] * 5 for model in models]

    def test_a_context_that_is_gone_is_not_told(self) -> None:
        listener = Listener()

        def stage() -> None:
            autolog("sklearn", make_context(listener))
            LinearRegression().fit(X, Y)  # its context went with the line above

        copy_context().run(stage)
        assert listener.heard == []

    def test_the_stage_that_asked_last_is_told(self, heard: Heard) -> None:
        other = make_heard()
        in_stage(lambda: in_stage(lambda: LinearRegression().fit(X, Y), other), heard)
        assert (len(heard.fits), len(other.fits)) == (0, 1)

    def test_items_are_not_told_wherever_they_run(self) -> None:
        spread = ThreadSpread(2)
        heard = make_heard(spread=spread)
        models = in_stage(lambda: list(heard.ctx.map(lambda n: LinearRegression().fit(X[:n], Y[:n]), [9, 10])), heard)
        spread.close()
        assert [type(model) for model in models] == [LinearRegression] * 2
        assert heard.fits == []


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


@pytest.fixture
def yolo_data(tmp_path: Path) -> Iterator[Path]:
    """Four pictures of noise, each with one box."""
    cv2 = pytest.importorskip("cv2")
    noise = np.random.default_rng(0)
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
    for n in range(4):
        cv2.imwrite(str(tmp_path / "images" / f"{n}.png"), noise.integers(0, 255, (32, 32, 3), dtype=np.uint8))
        (tmp_path / "labels" / f"{n}.txt").write_text("0 0.5 0.5 0.4 0.4\n")
    data = tmp_path / "data.yaml"
    data.write_text(f"path: {tmp_path}\ntrain: images\nval: images\nnames: {{0: sign}}\n")
    return data


@pytest.mark.skipif(find_spec("ultralytics") is None, reason="ultralytics is not installed: AGPL, several GB")
def test_ultralytics_tells_each_epoch(yolo_data: Path) -> None:
    from ultralytics import YOLO

    listener = Listener()
    heard = Heard(make_context(listener), listener)
    options = {"data": yolo_data, "imgsz": 32, "batch": 2, "device": "cpu", "project": yolo_data.parent, "plots": False}
    in_stage(lambda: YOLO("yolov8n.yaml").train(epochs=2, **options), heard, "ultralytics")
    YOLO("yolov8n.yaml").train(epochs=1, **options)
    events = [entry for entry in listener.heard if entry[0] == "event"]
    assert [event[1] for event in events] == ["train_start", "epoch", "epoch", "train_end"]
    assert events[0][2]["params"]["epochs"] == 2
    assert Path(events[-1][3]).name == "results.csv"
    progress = [entry[1:] for entry in listener.heard if entry[0] == "progress"]
    assert progress == [(0, 2, "train"), (1, 2, "train"), (2, 2, "train"), (2, 2, "train")]
    assert heard.metrics["train"]["epoch"] == 2
    assert {"train/box_loss", "metrics/mAP50(B)", "val/box_loss", "lr/pg0"} <= heard.metrics["train"].keys()
    assert "metrics/mAP50(B)" in heard.metrics["best"]
    json.dumps([event[2] for event in events])
