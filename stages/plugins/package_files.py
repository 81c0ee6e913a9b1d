"""Which files of a plugin's folder belong to it, and go with it when it is packed."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stages.core.errors import PluginError
from stages.datatypes.tree_paths import faults_of
from stages.documents.faults import Fault
from stages.plugins.faults import refuse

MOST_FILES = 10_000
MOST_BYTES = 512 << 20
"""Of all files. A package is sent whole, and is held in memory; weights and data belong into the store."""
_MOST_TOLD = 20

_LEFT_OUT = frozenset({"__pycache__", "__MACOSX", "node_modules", "site-packages", "Thumbs.db", "desktop.ini"})
_ENDINGS = (".pyc", ".pyo", ".egg-info")


def files_of(folder: Path, code: str) -> list[str]:
    """The paths of all files that belong to the plugin of that code, sorted, parts joined by "/".

    Left out are hidden files, what Python and tools leave behind, virtual environments, and packages of the plugin that
    lie beside its config. Raises PluginError that names what cannot go elsewhere: links out of the folder, sockets,
    names that not every system can have; or says that it is too much.
    """
    walk = _Walk(os.path.realpath(folder), re.compile(rf"{re.escape(code)}-v?[0-9][\w.+-]*\.zip"), [])
    found = sorted(walk.files())
    faults = walk.faults + [Fault(f"{path!r} {why}") for path, why in faults_of(found)]
    if faults:
        more = [Fault(f"… and {len(faults) - _MOST_TOLD} more")] if len(faults) > _MOST_TOLD else []
        raise refuse(str(folder), faults[:_MOST_TOLD] + more)
    return found


@dataclass
class _Walk:
    root: str
    packages: re.Pattern[str]
    faults: list[Fault]

    def files(self) -> Iterator[str]:
        """Paths below the root. Raises PluginError as soon as there are too many."""
        count = size = 0
        for path, entry in self._entries():
            if (bytes_ := self._size(path, entry)) is not None:
                count, size = count + 1, size + bytes_
                if count > MOST_FILES or size > MOST_BYTES:
                    raise self._too_much(path, count)
                yield path

    def _entries(self) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """All that is no folder, with its path."""
        waiting = [""]
        while waiting:
            below = waiting.pop()
            for entry in self._listed(below):
                path = below + entry.name
                if self._is_left_out(path, entry):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{path}/")
                else:
                    yield path, entry

    def _listed(self, below: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(os.path.join(self.root, below)) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.faults.append(Fault(f"{below or '.'!r} cannot be read: {error.strerror}"))
            return []

    def _is_left_out(self, path: str, entry: os.DirEntry[str]) -> bool:
        name = entry.name
        if name.startswith(".") or name in _LEFT_OUT or name.endswith(_ENDINGS):
            return True
        if entry.is_dir(follow_symlinks=False):
            return os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))
        return self.packages.fullmatch(path) is not None

    def _size(self, path: str, entry: os.DirEntry[str]) -> int | None:
        """Bytes of what is a file, or leads to one inside; None where it is told that it is not."""
        shown = path.encode(errors="backslashreplace").decode()
        try:
            target = os.path.realpath(entry.path, strict=True)
            found = os.stat(target)
        except OSError as error:
            self.faults.append(Fault(f"{shown!r} cannot be read: {error.strerror}; remove it"))
            return None
        if not target.startswith(os.path.join(self.root, "")):
            self.faults.append(Fault(f"{shown!r} is a link out of the folder; put the file itself there (cp -L)"))
        elif stat.S_ISDIR(found.st_mode):
            self.faults.append(Fault(f"{shown!r} is a link to a folder; put the folder itself there (cp -RL)"))
        elif not stat.S_ISREG(found.st_mode):
            self.faults.append(Fault(f"{shown!r} is a socket, a pipe or a device; only files can be packed"))
        else:
            return found.st_size
        return None

    def _too_much(self, path: str, count: int) -> PluginError:
        limit = f"{MOST_FILES:,} files" if count > MOST_FILES else f"{MOST_BYTES >> 20:,} MiB"
        return PluginError(
            f"{self.root} holds more than {limit}, too much for a plugin's package (the walk ended at {path!r}). Is it "
            "the plugin's folder alone? Weights and data belong into the store.",
            plugin=self.root,
        )
