"""Watching a bucket: `flows.watch.watch` is a Prefect flow that starts a deployment for each new object of a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.watch.flow import watch

__all__ = ["watch"]


def __getattr__(name: str) -> Any:
    """Imported when asked for: notes and ledger are of use without Prefect."""
    if name != "watch":
        raise AttributeError(f"module 'flows.watch' has no attribute {name!r}")
    from flows.watch.flow import watch

    return watch
