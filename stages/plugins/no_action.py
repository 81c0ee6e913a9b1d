"""Whether what an entry point names is no action for certain, or only as far as can be seen without running it."""

from __future__ import annotations

import ast
import builtins
import os
import re

from stages.plugins.source_lineage import Found, Outside, lineage, resolve
from stages.plugins.source_names import Definition, dotted
from stages.plugins.source_tree import SourceTree

_BASE = re.compile(r"stages\.plugins(\.action)?\.BaseAction")
_PLAIN = re.compile(r"(abc|enum|typing|dataclasses|collections\.abc)\.\w+|pydantic(\.main)?\.BaseModel")
"""What is known to make nothing an action, as a base or around a class."""
_MAKING = {"execute", "action_class", "__init_subclass__"}
"""Names in a class by which it may become an action in another way than by a method `execute`."""
_UNSEEN = (
    "as far as can be seen without running it, is no action with an execute(); derive it from "
    "stages.plugins.BaseAction, or mark a function with @action"
)


def why_no_action(tree: SourceTree, text: str, found: Found | None) -> tuple[str, bool]:
    """What is wrong with an entry point behind which no action was found, and whether that is doubtful."""
    problem = _certain(tree, found) if found is not None else None
    if found is None or problem is None:
        return f"{text!r}: {_UNSEEN}", True
    file = os.path.relpath(found.module.file, tree.folder)
    return f"{text!r} ({file}:{found.node.lineno}) {problem}", False


def _certain(tree: SourceTree, found: Found) -> str | None:
    """Why it can be no action whatever happens when it runs; none where that may make it one."""
    if found.node.col_offset:
        return None  # in an `if` or a `try`: it may be another one
    if not isinstance(found.node, ast.ClassDef):
        return None if found.node.decorator_list else "is no action; mark the function with @action"
    inside, outside = lineage(tree, found.module, found.node)
    if not all(_is_seen(tree, one, inside) for one in inside):
        return None
    if not any(_BASE.fullmatch(base.name) for base in outside):
        return "is no action; derive it from stages.plugins.BaseAction"
    return None if any(map(_executes, inside)) else "has no execute(); write what it does as that method"


def _is_seen(tree: SourceTree, found: Found, inside: list[Found]) -> bool:
    """Whether all that decides about a class can be read, of those that it derives from (`inside`) too."""
    node, known = found.node, {id(one.node) for one in inside}
    assert isinstance(node, ast.ClassDef)
    around = [*node.decorator_list, *(word.value for word in node.keywords)]
    called = [value.func if isinstance(value, ast.Call) else value for value in around]
    return (
        not node.col_offset
        and all(_is_known(tree, found, base, known) for base in node.bases)
        and all(_is_known(tree, found, value, set()) for value in called)
        and all(map(_is_plain, node.body))
    )


def _is_known(tree: SourceTree, found: Found, value: ast.expr, known: set[int]) -> bool:
    name, names = dotted(value), found.module.names
    what = resolve(tree, found.module, name)
    if isinstance(what, Found):
        return id(what.node) in known
    if isinstance(what, Outside):
        return bool(_PLAIN.fullmatch(what.name) or _BASE.fullmatch(what.name))
    return name in vars(builtins) and name not in names.bound and not names.stars


def _is_plain(statement: ast.stmt) -> bool:
    """Whether a statement in a class gives it nothing by which it may become an action unseen."""
    if isinstance(statement, Definition):
        return statement.name not in _MAKING - {"execute"}
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return not any(isinstance(part, ast.Name) and part.id in _MAKING for part in ast.walk(statement))
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_text or isinstance(statement, ast.Pass)


def _executes(found: Found) -> bool:
    """Whether a class has an `execute` that is not abstract: which one of several counts is decided by Python."""
    methods = [part for part in found.node.body if isinstance(part, Definition) and part.name == "execute"]
    around = [[dotted(decorator) or "" for decorator in method.decorator_list] for method in methods]
    return any(not name.endswith("abstractmethod") for names in around for name in names or [""])
