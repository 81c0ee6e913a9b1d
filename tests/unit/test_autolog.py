"""autolog: what scikit-learn fits is told to the stage that asked, and to nobody else."""

from __future__ import annotations

import json
from contextvars import copy_context
from importlib.util import find_spec
from threading import Thread
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from stages.core.errors import UsageError
from stages.core.spread import ThreadSpread
from stages.plugins.autolog import autolog
from tests.unit.harness import make_context
from tests.unit.heard import Heard, X, Y, in_stage, make_heard
from tests.unit.listener import Listener


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
