"""The files that hold the code which a function runs, found by reading the source.

They are the function's module and what that imports of the same distribution. The contract itself (`stages.core`,
steps, actions) is left out: what it promises about stored results is the envelope's format number.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
from collections.abc import Iterator
from functools import cache, partial
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from stages.core.errors import DefinitionError
from stages.core.plugin_package import plugin_of

_CONTRACT = ("stages.core", "stages.steps", "stages.plugins")


def code_files(fn: Any) -> dict[str, Path]:
    """The modules whose code a function runs, by name; none where it has no source."""
    while isinstance(fn, partial):
        fn = fn.func
    name = getattr(fn, "__module__", None)
    if name is None or (start := source_of(name)) is None:
        return {}
    return dict(sorted(_reached(name, start).items()))


def _reached(name: str, path: Path) -> dict[str, Path]:
    found, waiting = {name: path}, [name]
    while waiting:
        module = waiting.pop()
        source = found[module]
        for used in _imports(module, source, source.stat().st_mtime_ns):
            if used not in found and _same_home(name, used) and (its_source := source_of(used)) is not None:
                found[used] = its_source
                waiting.append(used)
    return found


def _same_home(first: str, other: str) -> bool:
    """Whether the two come from one distribution: the same top package, or loose modules of one folder."""
    if f"{other}.".startswith(tuple(f"{room}." for room in _CONTRACT)):
        return False
    if first.split(".")[0] == other.split(".")[0]:
        return True
    homes = {_home(name.split(".")[0]) for name in (first, other)}
    return len(homes) == 1 and None not in homes


def _home(top: str) -> Path | None:
    source = source_of(top)
    if source is None or {"site-packages", "dist-packages"} & set(source.parts) or top in sys.stdlib_module_names:
        return None
    return source.parent.parent if source.name == "__init__.py" else source.parent


@cache
def source_of(name: str) -> Path | None:
    """The file of a module, without importing it (or, as importlib would, the package that it is in)."""
    module, package = sys.modules.get(name), name.rpartition(".")[0]
    if module is None and package:
        candidates = (Path(place, name.rpartition(".")[2]) for place in _places(package))
        files = (file for path in candidates for file in (path / "__init__.py", path.with_suffix(".py")))
        return next((file for file in files if file.exists()), None)
    spec = _spec(name) if module is None else getattr(module, "__spec__", None)
    origin = spec.origin if spec else getattr(module, "__file__", None)
    return Path(origin) if origin and origin.endswith(".py") and Path(origin).exists() else None


def _places(package: str) -> list[str]:
    """The folders in which the modules of a package lie; one without `__init__.py` has some, too."""
    if (loaded := sys.modules.get(package)) is not None:
        return list(getattr(loaded, "__path__", []))
    above, _, last = package.rpartition(".")
    if above:
        return [folder for place in _places(above) if os.path.isdir(folder := os.path.join(place, last))]
    spec = _spec(package)
    return list(spec.submodule_search_locations or []) if spec else []


def _spec(top: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return None


@cache
def _imports(module: str, path: Path, modified: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_imported(module, path, modified)))


def _imported(module: str, path: Path, modified: int) -> Iterator[str]:
    for node in ast.walk(parsed(path, modified)):
        if isinstance(node, ast.Import):
            yield from (_as_seen(module, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = _absolute(module, path, node)
            if _same_home(module, package):
                for alias in node.names:
                    yield from _named(package, alias.name)


def _absolute(module: str, path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return _as_seen(module, node.module or "")
    base = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    base = base[: len(base) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def _as_seen(module: str, name: str) -> str:
    """The whole name of what a module imports: in a plugin, its own modules come first."""
    top, first = module.partition(".")[0], name.partition(".")[0]
    if plugin_of(module) is None:
        return name
    own = source_of(f"{top}.{first}") is not None or any(Path(p).is_dir() for p in _places(f"{top}.{first}"))
    return f"{top}.{name}" if own else name


def _named(package: str, name: str, *asked: tuple[str, str]) -> Iterator[str]:
    """The module that `from package import name` really takes it from: a package that only passes it on is skipped."""
    if source_of(f"{package}.{name}") is not None:
        yield f"{package}.{name}"
        return
    source = source_of(package)
    if source is not None and source.name == "__init__.py":
        for node in parsed(source, source.stat().st_mtime_ns).body:
            if isinstance(node, ast.ImportFrom) and name in {alias.asname or alias.name for alias in node.names}:
                original = next(a.name for a in node.names if (a.asname or a.name) == name)
                origin = _absolute(package, source, node)
                if (origin, original) in (*asked, (package, name)):  # no module with a source: a folder, a binary
                    break
                if _same_home(package, origin):
                    yield from _named(origin, original, *asked, (package, name))
                return
    yield package


@cache
def parsed(path: Path, modified: int) -> ast.Module:
    """The code in a file that was last changed then, in nanoseconds. Raises DefinitionError where it does not parse."""
    try:
        return ast.parse(path.read_bytes())
    except SyntaxError as error:
        raise DefinitionError(
            f"{path}, line {error.lineno}: {error.msg}; stages import it, so it must parse."
        ) from None
