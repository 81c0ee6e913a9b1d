"""The version of a stage: what its author declares, and a fingerprint of the code that it runs.

The code is the stage's module and what that imports of the same distribution, found by reading the source, without
comments, docstrings and layout. The contract itself (`stages.core`, steps, actions) is left out: what it promises about
stored results is the envelope's format number.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import sys
import time
from collections.abc import Iterator
from functools import cache, partial
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import CodeType
from typing import Any

from stages.core.definition import StageDefinition
from stages.core.errors import DefinitionError
from stages.core.plugin_package import plugin_of

_CONTRACT = ("stages.core", "stages.steps", "stages.plugins")


def stage_version(definition: StageDefinition) -> str:
    """`<declared>+<12 hex digits>`; the declared one alone where the stage is pinned and depends on nothing."""
    parts = [_dependency(definition.name, name) for name in definition.depends]
    if not definition.pinned:
        written = (definition.code, definition.serialize_fn, definition.deserialize_fn)
        parts += dict.fromkeys(_checked(definition, fn) for fn in written if fn is not None)
        parts += [f"{name}={value}" for name, value in sorted(definition.env.items())]  # it comes with the code
    if not parts:
        return definition.version
    return f"{definition.version}+{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:12]}"


def reading_version(definition: StageDefinition) -> str:
    """What stands for the way in which a stage's own form is read: the same JSON is another value for other code."""
    if definition.pinned or definition.deserialize_fn is None:
        return definition.version
    return f"{definition.version}+{_checked(definition, definition.deserialize_fn)[:12]}"


def code_fingerprint(fn: Any) -> str:
    """A digest of the code that `fn` runs. Without source (a console), of its bytecode."""
    while isinstance(fn, partial):
        fn = fn.func
    if not (files := code_files(fn)):
        return _of_console(fn)
    return _digest("|".join(f"{_called(m)}:{_of_source(path, path.stat().st_mtime_ns)}" for m, path in files.items()))


def _called(module: str) -> str:
    """Of a plugin's module the name that it has in the plugin's folder: its package may be another elsewhere."""
    return module.partition(".")[2] if plugin_of(module) else module


def code_files(fn: Any) -> dict[str, Path]:
    """The modules whose code a function runs, by name; none where it has no source."""
    while isinstance(fn, partial):
        fn = fn.func
    name = getattr(fn, "__module__", None)
    if name is None or (start := _source(name)) is None:
        return {}
    return dict(sorted(_reached(name, start).items()))


def _checked(definition: StageDefinition, fn: Any) -> str:
    """The fingerprint, if the files still hold the code that was loaded from them. Raises DefinitionError.

    A time that lies ahead tells of a clock that is wrong, not of a change.
    """
    for module, path in code_files(fn).items():
        if module in sys.modules and definition.loaded < path.stat().st_mtime_ns <= time.time_ns():
            what = f"{path} has changed since this process loaded it"
            raise DefinitionError(
                f"Stage {definition.name!r}: {what}, so its results could not be told from those of the old code. "
                "Start the process again.",
                stage=definition.name,
            )
    return code_fingerprint(fn)


def _dependency(stage: str, name: str) -> str:
    if ":" in name:  # a digest
        return name
    try:
        return f"{name}=={version(name)}"
    except PackageNotFoundError:
        raise DefinitionError(f"Stage {stage!r} depends on {name!r}, which is not installed.", stage=stage) from None


def _reached(name: str, path: Path) -> dict[str, Path]:
    found, waiting = {name: path}, [name]
    while waiting:
        module = waiting.pop()
        source = found[module]
        for used in _imports(module, source, source.stat().st_mtime_ns):
            if used not in found and _same_home(name, used) and (its_source := _source(used)) is not None:
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
    source = _source(top)
    if source is None or {"site-packages", "dist-packages"} & set(source.parts) or top in sys.stdlib_module_names:
        return None
    return source.parent.parent if source.name == "__init__.py" else source.parent


@cache
def _source(name: str) -> Path | None:
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
    for node in ast.walk(_parsed(path, modified)):
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
    own = _source(f"{top}.{first}") is not None or any(Path(p).is_dir() for p in _places(f"{top}.{first}"))
    return f"{top}.{name}" if own else name


def _named(package: str, name: str, *asked: tuple[str, str]) -> Iterator[str]:
    """The module that `from package import name` really takes it from: a package that only passes it on is skipped."""
    if _source(f"{package}.{name}") is not None:
        yield f"{package}.{name}"
        return
    source = _source(package)
    if source is not None and source.name == "__init__.py":
        for node in _parsed(source, source.stat().st_mtime_ns).body:
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
def _parsed(path: Path, modified: int) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except SyntaxError as error:
        raise DefinitionError(
            f"{path}, line {error.lineno}: {error.msg}; stages import it, so it must parse."
        ) from None


@cache
def _of_source(path: Path, modified: int) -> str:
    return _digest(repr(_skeleton(_parsed(path, modified))))


def _skeleton(node: Any) -> Any:
    """The tree as nested tuples, empty fields left out, so that it is the same for every Python."""
    if isinstance(node, list):
        return tuple(_skeleton(part) for part in node if not _is_docstring(part))
    if not isinstance(node, ast.AST):
        return node
    fields = ((name, _skeleton(value)) for name, value in ast.iter_fields(node) if value not in (None, []))
    return (type(node).__name__, *fields)


def _is_docstring(node: Any) -> bool:
    """A text that stands alone as a statement does nothing, wherever it stands."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _of_console(written: Any) -> str:
    """Of a function, or of a class by what it and its bases of the same kind define."""
    if hasattr(written, "__code__"):
        return _digest(_of_bytecode(written.__code__))
    if not isinstance(written, type):
        return repr(written)
    own = [
        (name, part)
        for kind in written.__mro__
        if _source(kind.__module__) is None
        for name, part in vars(kind).items()
    ]
    functions = ((name, getattr(part, "__func__", getattr(part, "fget", part))) for name, part in own)
    return _digest(repr([(name, _of_bytecode(fn.__code__)) for name, fn in functions if hasattr(fn, "__code__")]))


def _of_bytecode(code: CodeType) -> str:
    consts = [_of_bytecode(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return repr((code.co_code, consts, code.co_names))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
