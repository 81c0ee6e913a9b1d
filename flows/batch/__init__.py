"""Many inputs: `flows.batch.batch` is a Prefect flow that runs a profile on each of them, as a job of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.batch.flow import batch

__all__ = ["batch"]


def __getattr__(name: str) -> Any:
    """Imported when asked for: what a batch is and has left is of use without Prefect."""
    if name != "batch":
        raise AttributeError(f"module 'flows.batch' has no attribute {name!r}")
    from flows.batch.flow import batch

    return batch
