"""What a pipeline asks of who runs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from flows.pipelines.parameters import Given
    from flows.pipelines.pipeline import ActionPipeline


class ActionExecutor(Protocol):
    """Runs one action after the other, as those of `flows.executors` do."""

    def execute(self, action_cls: Any, params: Any = None, input: Any = None) -> Any:
        """The action's result, checked."""


class PipelineExecutor(ABC):
    """Runs whole pipelines, which outlive who started them."""

    @abstractmethod
    def submit(self, pipeline: ActionPipeline, params: Given = None, input: str | Path | None = None) -> str:
        """Start a run; its id. Raises ProfileError for what does not fit, before anything is started."""

    @abstractmethod
    def wait(self, run_id: str, timeout_seconds: float | None = None) -> Any:
        """The result of the last action, once it is there. Raises what the run failed by."""

    @abstractmethod
    def cancel(self, run_id: str) -> bool:
        """Have the run end early; False where it had ended already."""
