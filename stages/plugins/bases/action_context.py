"""What the steps of an action share, whatever it is for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stages.core.blobs import BlobStore, blobs
from stages.core.errors import ContractError
from stages.core.scratch import scratch_blobs
from stages.steps import BaseStepContext


@dataclass
class ActionContext(BaseStepContext):
    """The context of an action, for its steps and for its own `execute`.

    params  the action's parameters

    While steps run, what one of them tells of its progress is its part of the whole by its weight; a category that it
    names is shown with it.
    """

    params: Any = None
    _folder: TemporaryDirectory[str] | None = field(default=None, init=False, repr=False, compare=False)
    _percent: int = field(default=0, init=False, repr=False, compare=False)
    _category: str | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def work_folder(self) -> Path:
        """A folder of this run's own. It is removed when the action ends: what is to stay must be kept before."""
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="stagewright-action-", ignore_cleanup_errors=True)
        return Path(self._folder.name)

    @property
    def blobs(self) -> BlobStore:
        """Where values are kept: the store of the stage that runs; outside of one, memory."""
        try:
            return blobs()
        except ContractError:
            return scratch_blobs()

    def close(self) -> None:
        """Remove what belongs to this run alone."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def set_progress(self, current: float, total: float, category: str | None = None) -> None:
        """How far the current step is; without steps, as `RuntimeContext.set_progress`. Raises JobStopped when the job
        is to end, but not in a rollback."""
        if self._rolls_back or self._heard is None:
            super().set_progress(current, total, category)
            return
        self._category, before = category, self._percent
        try:
            self._heard(current, total)
            if self._percent == before:  # nothing was told of it; the job may be to end all the same
                self.tell_whole(before, 100)
        finally:
            self._category = None

    def tell_whole(self, percent: int, whole: int) -> None:
        """How far all steps are together; what an Orchestrator's callback is given."""
        self._percent = percent
        self.runtime_ctx.set_progress(percent, whole, self._category or self.current_step)
