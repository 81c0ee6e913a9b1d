"""Models that this process has loaded: dear to load, and asked for by one action after the other."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stages.datatypes import Model

MOST_LOADED = 2
"""The one that was not asked for longest goes first: memory is dear, too."""


@dataclass(frozen=True)
class LoadedModel:
    """What was loaded, and the file or folder that it was loaded from, which stays while it is kept."""

    value: Any
    path: Path
    folder: TemporaryDirectory[str]


_loaded: OrderedDict[tuple[Any, ...], LoadedModel] = OrderedDict()
_lock = threading.RLock()  # one at a time: two that load at once would need twice the memory


def loaded(way: Hashable, model: Model, load: Callable[[Path], Any]) -> LoadedModel:
    """The model as `load` gives it for the path of its file (of its folder, if it has several), once for this process.
    `way` tells apart those who load the same files in different ways."""
    key = (way, *_content(model))
    with _lock:
        if key not in _loaded:
            folder = TemporaryDirectory(prefix="stagewright-model-", ignore_cleanup_errors=True)
            path = model.save(folder.name)
            _loaded[key] = LoadedModel(load(path), path, folder)
        _loaded.move_to_end(key)
        found = _loaded[key]
        while len(_loaded) > MOST_LOADED:
            _loaded.popitem(last=False)
        return found


def _content(model: Model) -> tuple[Any, ...]:
    """What tells a model apart: digests, or for files on S3 that nobody has read yet what S3 says of them."""
    files = model.files().values()
    return tuple((file.path, file.digest or (file.place.named, getattr(file.place, "etag", ""))) for file in files)
