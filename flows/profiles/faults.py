"""The faults of a profile: as one error, and placed at the entry they are of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from flows.profiles.model import StageEntry
from stages.core.errors import ProfileError
from stages.documents.faults import Fault


def refuse(profile: str, faults: Iterable[Fault]) -> ProfileError:
    """The error that carries all faults of a profile."""
    listed = list(faults)
    errors = [f for f in listed if f.severity == "error"]
    head = f"Profile {profile!r} has {len(errors)} fault{'s' if len(errors) != 1 else ''}:"
    return ProfileError("\n  ".join([head, *map(str, errors)]), profile=profile, faults=listed)


def fault_at(
    entry: StageEntry,
    message: str,
    path: str = "",
    field: str | None = None,
    severity: Literal["error", "warning"] = "error",
) -> Fault:
    """A fault of an entry, placed where that part of it was written; `field` is the path where nothing else is said."""
    file, line = entry.place(path)
    return Fault(message, entry.id, field or path or None, file, line, severity)
