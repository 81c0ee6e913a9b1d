"""Everything that is wrong with many files, told at once and in few lines."""

from __future__ import annotations

from stages.core.errors import InputError
from stages.documents.faults import Fault

MOST_TOLD = 20


class FaultList:
    """Counts all faults and keeps the first ones."""

    def __init__(self, uri: str, what: str) -> None:
        """`what` is wrong where there is a fault, as a message begins: "is no YOLO dataset"."""
        self.uri, self.what = uri, what
        self.first: list[Fault] = []
        self.count = 0

    def add(self, message: str, file: str | None = None, line: int | None = None) -> None:
        """One more; `file` is the path below `uri`, `line` counts from 1."""
        self.tell(Fault(message, file=file, line=line))

    def tell(self, fault: Fault) -> None:
        """One more, already written down."""
        self.count += 1
        if len(self.first) < MOST_TOLD:
            self.first.append(fault)

    def refuse(self) -> None:
        """Raise InputError with what was kept, if there was any; `context["faults"]` holds it for programs."""
        if not self.count:
            return
        more = self.count - len(self.first)
        told = [*map(str, self.first), *([f"… and {more} more of the {self.count}"] if more else [])]
        count = f"{self.count} fault{'s' if self.count != 1 else ''}"
        raise InputError("\n  ".join([f"{self.uri} {self.what}: {count}", *told]), uri=self.uri, faults=self.first)
