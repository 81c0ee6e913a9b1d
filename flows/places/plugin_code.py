"""The code of plugins on its way to other machines: a package by digest in the store, there once however often it is
sent, and unpacked once on each machine."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from stages.core.blobs import BlobRef, BlobStore
from stages.core.definition import StageDefinition
from stages.plugins.installed import VARIABLE
from stages.plugins.modules import folder_of
from stages.plugins.package import package_plugin, unpack_package


class PluginCode:
    """The plugins of a run. What is installed as a package of Python's is on every machine by itself."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs, self._sent, self._lock = blobs, dict[Path, BlobRef](), threading.Lock()

    def of(self, definitions: Iterable[StageDefinition]) -> tuple[BlobRef, ...]:
        """Where the code of these stages lies, as far as plugins' folders bring it. Raises PluginError for a folder
        that cannot be packed."""
        modules = (getattr(definition.code, "__module__", "") for definition in definitions)
        folders = dict.fromkeys(folder for module in modules if (folder := folder_of(module)) is not None)
        with self._lock:
            return tuple(self._put(folder) for folder in folders)

    def _put(self, folder: Path) -> BlobRef:
        if folder not in self._sent:
            self._sent[folder] = self._blobs.put(package_plugin(folder).data, "application/zip")
        return self._sent[folder]


def receive(packages: Sequence[BlobRef], blobs: BlobStore, home: Path) -> None:
    """Make the plugins known in this process. Nothing of them is imported before a stage asks."""
    kept = home / "cache" / "plugins"
    folders = [unpack_package(blobs.get(ref), kept / ref["blob"].removeprefix("sha256:")) for ref in packages]
    named = [part for part in os.environ.get(VARIABLE, "").split(",") if part]
    if folders:
        os.environ[VARIABLE] = ",".join(dict.fromkeys([*named, *map(str, folders)]))
