"""What became of one step."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass
class StepResult:
    """What a step gives back.

    success        False fails the run; say why in `error`
    data           what the step found or made, for the steps after it
    error          why it failed
    rollback_data  what its `rollback` needs to undo it
    skipped        nothing was done; nothing is undone either
    timestamp      when it ended, with a time zone
    """

    success: bool = True
    data: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    rollback_data: dict[str, Any] = field(default_factory=dict)
    skipped: bool = False
    timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))
