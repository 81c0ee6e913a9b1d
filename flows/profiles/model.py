"""A profile as it was read: what a person wrote, checked for form but not yet against the stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.profiles.deploy import Deploy

Place = tuple[str | None, int | None]
"""File and line, where they are known."""


@dataclass(frozen=True)
class StageEntry:
    """One entry of a profile's list of stages.

    `reads` and `writes` rename: the stage's own key -> the key of the profile's state. `lines` gives the line of each
    part of the entry that stands in the file, by its path: "" the entry itself, "config.fps", "reads.frames", "needs".
    `files` gives the file of those parts that an extended profile brought.
    """

    id: str
    stage: str
    config: Mapping[str, Any] = field(default_factory=dict)
    reads: Mapping[str, str] = field(default_factory=dict)
    writes: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    resources: Mapping[str, Any] = field(default_factory=dict)
    retries: int | None = None
    timeout: float | None = None
    enabled: bool = True
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)
    file: str = field(default="", compare=False)
    files: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def place(self, path: str = "") -> Place:
        """Where a part of the entry was written, or what it stands in; nothing for what was not read from a file."""
        return _place(self, path)


@dataclass(frozen=True)
class Profile:
    """A pipeline: its inputs (key -> name of a data type) and its stages in order. `file` is where it was read,
    `deploy` how it is deployed, which changes no result and is not inherited."""

    name: str
    stages: tuple[StageEntry, ...]
    label: str = ""
    description: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    deploy: Deploy = field(default_factory=Deploy)
    file: str = field(default="", compare=False)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)
    files: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def place(self, path: str = "") -> Place:
        """Where a part of the profile ("inputs.video") was written, as StageEntry.place."""
        return _place(self, path)

    def entry(self, id: str) -> StageEntry | None:
        """The entry of that id."""
        return next((entry for entry in self.stages if entry.id == id), None)


def _place(written: StageEntry | Profile, path: str) -> Place:
    while path and path not in written.lines:
        path = path.rpartition(".")[0]
    return written.files.get(path, written.file) or None, written.lines.get(path) or None
