"""A plugin's code as texts in a folder. It is parsed and never imported, so nothing of it runs."""

from __future__ import annotations

import ast
import os
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.documents.faults import Fault
from stages.plugins.source_names import ModuleNames, names_of

MAX_FILES = 3000
MAX_BYTES = 1_000_000
OURS = ("stages", "flows", "deployments")
SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "tests", "test"})


@dataclass(frozen=True)
class Module:
    """One file of the plugin's code. `broken`: it cannot be parsed, so nothing is known of it."""

    name: str
    file: Path
    names: ModuleNames
    broken: bool = False


class SourceTree:
    """The modules of a plugin's folder, each parsed when it is asked for; `faults` are what could not be parsed."""

    def __init__(self, folder: Path | str, wheels_dir: str = "wheels") -> None:
        self.folder = Path(folder)
        self.faults: list[Fault] = []
        self.kept: dict[Any, Any] = {}  # what others found out about this code, while it is looked at
        self._root = self.folder.resolve()
        self._package = self._root.name if os.path.isfile(self.folder / "__init__.py") else None
        self._wheels = self.folder / wheels_dir
        self._parsed: dict[str, Module | None] = {}
        self._all: list[Module] | None = None

    def modules(self) -> list[Module]:
        """All modules but tests, what is hidden, and what other tools put into a folder."""
        if self._all is None:
            named = [(self._name(file), file) for file in self._files()]
            found = [(self.module(name), file) for name, file in named if name is not None]
            self._all = [module for module, file in found if module is not None and module.file == file]
        return self._all

    def module(self, name: str) -> Module | None:
        """The module of that name in the plugin; none where there is no such file in it."""
        if name not in self._parsed:
            file = self.file_of(name)
            self._parsed[name] = self._parse(name, file) if file and self.holds(file) else None
        return self._parsed[name]

    def own_name(self, name: str) -> str | None:
        """A module of the plugin, or a name in one, as an import gives it; none where that means somebody else's. The
        rules are those by which the plugin's imports work."""
        first, _, rest = name.partition(".")
        if first == self._package:
            return rest or None
        return None if first in sys.stdlib_module_names or first in OURS else name

    def file_of(self, name: str) -> Path | None:
        """Where a module of that name lies, as Python would look for it; a link may lead out of the folder."""
        parts = name.split(".")
        if not all(part.isidentifier() for part in parts):
            return None
        place = self.folder.joinpath(*parts)
        return next((file for file in (place / "__init__.py", place.with_suffix(".py")) if os.path.isfile(file)), None)

    def holds(self, file: Path) -> bool:
        """Whether a file lies in the plugin's folder, wherever links lead."""
        return Path(os.path.realpath(file)).is_relative_to(self._root)

    def known(self) -> list[str]:
        """The names of all modules that are looked at."""
        return [module.name for module in self.modules()]

    def _files(self) -> list[Path]:
        found: list[Path] = []
        for place, folders, files in os.walk(self.folder):
            here = Path(place)
            folders[:] = sorted(name for name in folders if not self._passed_over(here / name))
            found += (here / name for name in sorted(files) if _is_code(here / name))
            if len(found) > MAX_FILES:
                text = f"has more than {MAX_FILES:,} Python files; only the first are read. Is it a plugin's folder?"
                self.faults.append(Fault(text, file=str(self.folder), severity="warning"))
                return found[:MAX_FILES]
        return found

    def _passed_over(self, folder: Path) -> bool:
        name = folder.name
        return name.startswith(".") or name in SKIPPED or folder == self._wheels or (folder / "pyvenv.cfg").exists()

    def _name(self, file: Path) -> str | None:
        parts = file.relative_to(self.folder).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else None

    def _parse(self, name: str, file: Path) -> Module:
        try:
            tree = _tree(file)
        except _Unreadable as error:
            self.faults.append(Fault(error.problem, file=str(file), line=error.line))
            return Module(name, file, ModuleNames(), broken=True)
        parts = tuple(name.split("."))
        return Module(name, file, names_of(tree, parts if file.name == "__init__.py" else parts[:-1]))


class _Unreadable(Exception):
    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem)
        self.problem, self.line = problem, line


def _tree(file: Path) -> ast.Module:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise _Unreadable(f"is larger than {MAX_BYTES:,} bytes, and is not looked at")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of "\d" and the like, which are the plugin's own business
            return ast.parse(data, str(file))
    except OSError as error:
        raise _Unreadable(f"cannot be read: {error.strerror}") from None
    except SyntaxError as error:
        raise _Unreadable(f"is not Python: {error.msg}", error.lineno or 1) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise _Unreadable(f"is not Python that can be read: {error or 'it is nested too deeply'}", 1) from None


def _is_code(file: Path) -> bool:
    name = file.name
    test = name.startswith("test_") or name.endswith("_test.py") or name in ("conftest.py", "setup.py")
    return name.endswith(".py") and not test and os.path.isfile(file)
