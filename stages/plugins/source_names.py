"""The names that a module's text binds at its top, read from its syntax tree; nothing of it is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Imported:
    """What a name was imported as: a module, or a name in one, with dots; for a relative import as seen from the
    plugin's folder."""

    target: str
    relative: bool = False


Binding = Definition | Imported | ast.expr | None
"""What a name stands for: a class or function, an import, the value it was given, or nothing that can be told."""


@dataclass(frozen=True)
class ModuleNames:
    """The names of one module, the last binding of each; `stars` are the modules of which it imports everything."""

    bound: Mapping[str, Binding] = field(default_factory=dict)
    stars: tuple[Imported, ...] = ()


def names_of(tree: ast.Module, package: tuple[str, ...]) -> ModuleNames:
    """The names of a module that lies in a package, which is what relative imports are relative to."""
    bound: dict[str, Binding] = {}
    stars: list[Imported] = []
    for statement in _statements(tree.body):
        if isinstance(statement, ast.Import):
            bound |= {a.asname or a.name.partition(".")[0]: _module(a) for a in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            source, relative = _source(statement, package), statement.level > 0
            stars += [Imported(source, relative) for a in statement.names if a.name == "*"]
            names = [a for a in statement.names if a.name != "*"]
            bound |= {a.asname or a.name: Imported(f"{source}.{a.name}".lstrip("."), relative) for a in names}
        elif isinstance(statement, Definition):
            bound[statement.name] = statement
        else:
            bound |= dict(_assigned(statement))
    return ModuleNames(bound, tuple(stars))


def constants_of(body: list[ast.stmt]) -> dict[str, ast.expr]:
    """The names that get a value in the body of a class, and those values."""
    found = (pair for statement in body for pair in _assigned(statement))
    return {name: value for name, value in found if isinstance(value, ast.expr)}


def dotted(expression: ast.expr | None) -> str | None:
    """`a.b.C` of such an expression, also of `a.b.C[X]`; none of another one."""
    parts: list[str] = []
    while isinstance(expression, ast.Subscript):
        expression = expression.value
    while isinstance(expression, ast.Attribute):
        parts.append(expression.attr)
        expression = expression.value
    return ".".join([expression.id, *reversed(parts)]) if isinstance(expression, ast.Name) else None


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Those of a module in order, also within `if`, `try` and `with`, which decide about imports."""
    waiting = list(reversed(body))
    while waiting:
        statement = waiting.pop()
        yield statement
        for part in ("finalbody", "orelse", "handlers", "body"):
            if isinstance(statement, ast.If | ast.Try | ast.With | ast.ExceptHandler):
                waiting += reversed(getattr(statement, part, []))


def _module(alias: ast.alias) -> Imported:
    return Imported(alias.name if alias.asname else alias.name.partition(".")[0])


def _source(statement: ast.ImportFrom, package: tuple[str, ...]) -> str:
    if not statement.level:
        return statement.module or ""
    up = statement.level - 1
    if up > len(package):
        return "?"  # above the plugin's folder; no name of Python, so that nothing is found there
    return ".".join([*package[: len(package) - up], *([statement.module] if statement.module else [])])


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, Binding]]:
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, statement.value
            else:
                yield from ((node.id, None) for node in ast.walk(target) if isinstance(node, ast.Name))
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
        yield statement.target.id, statement.value
