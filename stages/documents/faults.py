"""What is wrong with a document, so that a person can mend it and an editor can show where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Fault:
    """One fault: what is wrong and how to mend it; stage id, field, file and line where they are known."""

    message: str
    stage: str | None = None
    field: str | None = None
    file: str | None = None
    line: int | None = None
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        about = f"stage {self.stage!r}" if self.stage else ""
        about += (", " if about else "") + f"field {self.field!r}" if self.field else ""
        return f"{place}{about + ': ' if about else ''}{self.message}"

    def to_json(self) -> dict[str, Any]:
        """As `--json` shows it."""
        return asdict(self)


def in_order(faults: Iterable[Fault], file: str | None) -> list[Fault]:
    """Each once, by line; what stands in no file comes first, what an extended profile brought comes last."""
    return sorted(dict.fromkeys(faults), key=lambda fault: (fault.file not in (None, file), fault.line or 0))
