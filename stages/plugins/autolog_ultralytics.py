"""ultralytics, told of as it trains: through the callbacks of its trainers.

Written against ultralytics 8.4.190. It is neither required nor in CI, being AGPL and bringing PyTorch; where it is
installed, `tests/unit/test_autolog.py` trains a small YOLO with it. What is used of it: `BaseTrainer.add_callback`, the
events below, and of a trainer `args`, `epoch`, `epochs`, `start_epoch`, `tloss`, `label_loss_items`, `metrics`, `lr`,
`best`, `csv`. Training on several GPUs runs in processes of its own, which are not heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import Any

from stages.plugins.autolog_listening import listener
from stages.plugins.autolog_plain import as_plain, figure

PACKAGE = "ultralytics"
CATEGORY = "train"

_lock = Lock()


def attach() -> None:
    """Give every trainer that is made from now on our callbacks, once a process."""
    from ultralytics.engine.trainer import BaseTrainer

    with _lock:
        made = BaseTrainer.__init__
        if getattr(made, "_tells_stagewright", False):
            return

        @wraps(made)
        def make(trainer: Any, *args: Any, **kwargs: Any) -> None:
            made(trainer, *args, **kwargs)
            for event, callback in _CALLBACKS.items():
                trainer.add_callback(event, callback)

        make._tells_stagewright = True  # type: ignore[attr-defined]  # a mark on a function
        BaseTrainer.__init__ = make


def _on_train_start(trainer: Any) -> None:
    if (ctx := listener(PACKAGE)) is not None:
        ctx.log("train_start", {"trainer": type(trainer).__name__, "params": as_plain(vars(trainer.args))})
        ctx.set_progress(trainer.start_epoch, trainer.epochs, CATEGORY)


def _on_train_epoch_end(trainer: Any) -> None:
    trainer._stagewright_epoch = trainer.epoch


def _on_fit_epoch_end(trainer: Any) -> None:
    """An epoch and its validation have ended; or, once more after the last, the validation of the best weights.

    Raises JobStopped out of the training when the job is to end.
    """
    if (ctx := listener(PACKAGE)) is None:
        return
    if trainer.epoch != getattr(trainer, "_stagewright_epoch", None):
        ctx.set_metrics(_figures(trainer.metrics), "best")
        return
    figures = _figures({**_losses(trainer), **(trainer.metrics or {}), **trainer.lr})
    ctx.log("epoch", {"epoch": trainer.epoch + 1, "metrics": figures})
    ctx.set_metrics({"epoch": trainer.epoch + 1, **figures}, CATEGORY)
    ctx.set_progress(trainer.epoch + 1, trainer.epochs, CATEGORY)


def _on_train_end(trainer: Any) -> None:
    """All epochs, or as many as were needed. The table of all epochs is kept; the weights are the stage's to write."""
    if (ctx := listener(PACKAGE)) is not None:
        table = Path(trainer.csv)
        ctx.log("train_end", {"best": str(trainer.best)}, file=table if table.exists() else None)
        ctx.set_progress(trainer.epochs, trainer.epochs, CATEGORY)


def _losses(trainer: Any) -> Mapping[str, Any]:
    return {} if trainer.tloss is None else trainer.label_loss_items(trainer.tloss, prefix="train")


def _figures(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: as_plain(number) for name, value in values.items() if (number := figure(value)) is not None}


_CALLBACKS = {
    "on_train_start": _on_train_start,
    "on_train_epoch_end": _on_train_epoch_end,
    "on_fit_epoch_end": _on_fit_epoch_end,
    "on_train_end": _on_train_end,
}
