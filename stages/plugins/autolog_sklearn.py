"""scikit-learn, told of as it fits: an event for each outermost fit, and its figures.

scikit-learn has no place to listen at (its callbacks are for few estimators and set on each), so `fit`, `fit_transform`
and `fit_predict` of its estimators are wrapped, of those there are and of those still to be imported or derived. What
wraps them refers to nothing but functions that can be imported, so that estimators are cloned, pickled and sent to
processes of joblib as before, also those of classes that go by value.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from contextvars import ContextVar
from functools import wraps
from threading import Lock
from typing import Any
from weakref import WeakSet

from stages.core.context import RuntimeContext
from stages.plugins.autolog_listening import listener
from stages.plugins.autolog_plain import as_plain, figure

PACKAGE = "sklearn"
CHEAP = 10_000
"""Samples up to which the training score is taken: it costs a prediction of all of them."""

_METHODS = ("fit", "fit_transform", "fit_predict")
_lock = Lock()
_watched: WeakSet[Any] = WeakSet()
_fitting: ContextVar[bool] = ContextVar("fitting", default=False)


def attach() -> None:
    """Wrap the estimators, once a process."""
    from sklearn.base import BaseEstimator

    def watch_new(cls: type, /, **kwargs: Any) -> None:
        super(BaseEstimator, cls).__init_subclass__(**kwargs)
        _watch(cls)

    with _lock:
        if not _watched:
            BaseEstimator.__init_subclass__ = classmethod(watch_new)
            for cls in _derived(BaseEstimator):
                _watch(cls)


def told_fit(fit: Callable[..., Any], estimator: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Fit, and tell whoever listens, unless this is a fit inside another. What the fit raises is raised as it is."""
    ctx = None if _fitting.get() else listener(PACKAGE)
    if ctx is None:
        return fit(estimator, *args, **kwargs)
    token = _fitting.set(True)
    try:
        started = time.perf_counter()
        result = fit(estimator, *args, **kwargs)
        seconds = time.perf_counter() - started
        figures = {"seconds": seconds, **_figures(estimator, args, kwargs)}
    finally:
        _fitting.reset(token)
    _tell(ctx, estimator, figures)
    return result


def _derived(cls: type) -> Iterator[type]:
    child: type
    for child in cls.__subclasses__():
        yield child
        yield from _derived(child)


def _watch(cls: type) -> None:
    """Wrap the methods of a class where they are defined, be it in a mixin."""
    for name in _METHODS:
        for owner in [one for one in cls.__mro__ if name in vars(one)][:1]:
            found: Any = vars(owner)[name]
            within = getattr(found, "fn", None)  # of scikit-learn's `available_if`, on Pipeline among others
            if inspect.isfunction(found) and found not in _watched:
                setattr(owner, name, _observed(found))
            elif inspect.isfunction(within) and within not in _watched:
                found.fn = _observed(within)


def _observed(fit: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(fit)
    def observed(self: Any, *args: Any, **kwargs: Any) -> Any:
        return told_fit(fit, self, args, kwargs)

    _watched.add(observed)
    return observed


def _tell(ctx: RuntimeContext, estimator: Any, figures: Mapping[str, Any]) -> None:
    kind = type(estimator).__name__
    ctx.log("fit", {"estimator": kind, "params": _params(estimator), "metrics": dict(figures)})
    ctx.set_metrics(figures, kind)


def _params(estimator: Any) -> Any:
    try:
        return as_plain(estimator.get_params(deep=False))
    except Exception:  # noqa: BLE001 an estimator that does not keep to the rules is fitted all the same
        return {}


def _figures(estimator: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    x = args[0] if args else next((kwargs[name] for name in ("X", "raw_documents") if name in kwargs), None)
    y = args[1] if len(args) > 1 else kwargs.get("y")
    samples, best = _samples(x), figure(_attribute(estimator, "best_score_"))
    found: dict[str, Any] = {
        "samples": samples,
        "features": figure(_attribute(estimator, "n_features_in_")),
        "training_score": _score(estimator, x, y)
        if best is None and samples is not None and samples <= CHEAP
        else None,
        "n_iter_": as_plain(_list(_attribute(estimator, "n_iter_"))),
        "loss_": figure(_attribute(estimator, "loss_")),
        "best_score_": best,
    }
    return {name: value for name, value in found.items() if value is not None}


def _samples(x: Any) -> int | None:
    shape = getattr(x, "shape", None)
    if shape:
        return int(shape[0])
    return len(x) if isinstance(x, Sized) else None


def _score(estimator: Any, x: Any, y: Any) -> float | int | None:
    try:
        return figure(estimator.score(x) if y is None else estimator.score(x, y))
    except Exception:  # noqa: BLE001 it has none, or none of this kind of data
        return None


def _attribute(estimator: Any, name: str) -> Any:
    try:
        return getattr(estimator, name, None)
    except Exception:  # noqa: BLE001 a property of anybody's
        return None


def _list(value: Any) -> Any:
    """Several numbers as a list, one as it is: `n_iter_` may have one for each class."""
    return value.tolist() if getattr(value, "size", 1) > 1 and hasattr(value, "tolist") else value
