"""Modules that a test writes, to be looked at as the code of stages."""

from __future__ import annotations

import importlib
import os
from itertools import count
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from stages.core.fingerprint import code_fingerprint


class Workshop:
    """A folder on the path. In names and texts PKG stands for a name that no other test has."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.name, self._time = folder, f"pkg_{uuid4().hex[:12]}", count(1_000_000_000)

    def write(self, path: str, text: str) -> None:
        file = self.folder / path.replace("PKG", self.name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text).replace("PKG", self.name))
        now = next(self._time)
        os.utime(file, (now, now))

    def fingerprint(self, module: str = "PKG.stage") -> str:
        """Of a function in a module, without importing it."""
        return code_fingerprint(SimpleNamespace(__module__=module.replace("PKG", self.name)))

    def path(self, path: str) -> Path:
        """The file that was written under that name."""
        return self.folder / path.replace("PKG", self.name)

    def load(self, module: str = "PKG.stage") -> Any:
        return importlib.import_module(module.replace("PKG", self.name))
