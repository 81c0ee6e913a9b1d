"""Libraries that tell of their training by themselves, once a stage asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from stages.core.context import RuntimeContext
from stages.core.errors import UsageError
from stages.core.suggest import did_you_mean
from stages.plugins.autolog_listening import listen


@dataclass(frozen=True)
class _Framework:
    """A library that can be listened to. The module `adapter` has `attach()`, which makes the library tell."""

    names: tuple[str, ...]
    package: str
    adapter: str
    install: str


_FRAMEWORKS = (
    _Framework(
        ("scikit-learn", "sklearn"),
        "sklearn",
        "stages.plugins.autolog_sklearn",
        "Install it: pip install scikit-learn (Stagewright's extra `training` has it).",
    ),
    _Framework(
        ("ultralytics",),
        "ultralytics",
        "stages.plugins.autolog_ultralytics",
        "Install it: pip install ultralytics (its licence is AGPL-3.0, and it brings PyTorch, several GB).",
    ),
)


def autolog(framework: str, ctx: RuntimeContext) -> None:
    """Let a library tell its settings, progress and metrics to `ctx`, from now on to the end of the stage.

    `framework` is "sklearn" (or "scikit-learn") or "ultralytics". Only what this stage does itself is told: not what
    other stages do in other threads, nor what items of `ctx.map` do, which may run in other processes.
    Raises UsageError for an unknown framework and for one that is not installed.
    """
    known = {name: one for one in _FRAMEWORKS for name in one.names}
    found = known.get(framework)
    if found is None:
        raise UsageError(f"autolog knows no framework {framework!r}{did_you_mean(str(framework), known)}")
    if find_spec(found.package) is None:
        raise UsageError(f"autolog: {framework} is not installed. {found.install}", framework=framework)
    import_module(found.adapter).attach()
    listen(found.package, ctx)
