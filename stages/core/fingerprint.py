"""A digest of the code that a function runs: of its files, without comments, docstrings and layout."""

from __future__ import annotations

import ast
import hashlib
from functools import cache, partial
from pathlib import Path
from types import CodeType
from typing import Any

from stages.core.code_files import code_files, parsed, source_of
from stages.core.plugin_package import plugin_of


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


@cache
def _of_source(path: Path, modified: int) -> str:
    return _digest(repr(_skeleton(parsed(path, modified))))


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
        if source_of(kind.__module__) is None
        for name, part in vars(kind).items()
    ]
    functions = ((name, getattr(part, "__func__", getattr(part, "fget", part))) for name, part in own)
    return _digest(repr([(name, _of_bytecode(fn.__code__)) for name, fn in functions if hasattr(fn, "__code__")]))


def _of_bytecode(code: CodeType) -> str:
    consts = [_of_bytecode(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return repr((code.co_code, consts, code.co_names))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
