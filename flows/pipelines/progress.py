"""How far a run of a pipeline is, as whoever watches it sees it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Literal

ActionStatus = Literal["waiting", "running", "ran", "kept", "skipped", "failed", "cancelled"]
RunState = Literal["waiting", "running", "done", "failed", "cancelled", "crashed"]


@dataclass(frozen=True)
class ActionProgress:
    """One action. `share` of it is done, 0 to 1; `category` is what it said it was at, the last time."""

    id: str
    stage: str
    status: ActionStatus = "waiting"
    share: float = 0.0
    category: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class PipelineProgress:
    """A run as a whole, and its actions in order. `waiting`: it was submitted and has not begun."""

    run_id: str
    state: RunState
    actions: tuple[ActionProgress, ...] = ()
    error: str | None = None

    @property
    def share(self) -> float:
        """What is done of the whole, 0 to 1; every action counts as much as another."""
        return sum(action.share for action in self.actions) / len(self.actions) if self.actions else 0.0

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state not in ("waiting", "running")

    def action(self, id: str) -> ActionProgress:
        """The action of that id. Raises KeyError."""
        for action in self.actions:
            if action.id == id:
                return action
        raise KeyError(f"Run {self.run_id} has no action {id!r}; it has {', '.join(a.id for a in self.actions)}.")

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "share": self.share}

    def _repr_html_(self) -> str:
        """As a notebook shows it."""
        rows = "".join(_row(action) for action in self.actions)
        head = f"<b>{escape(self.run_id)}</b> {escape(self.state)} {self.share:.0%}"
        error = f"<p>{escape(self.error)}</p>" if self.error else ""
        return f"<div>{head}<table>{rows}</table>{error}</div>"


def _row(action: ActionProgress) -> str:
    bar = f'<progress value="{action.share:.3f}" max="1"></progress>'
    told = action.error or action.category or ""
    cells = (escape(action.id), bar, f"{action.share:.0%}", escape(action.status), escape(told))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
