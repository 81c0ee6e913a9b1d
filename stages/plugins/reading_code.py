"""The actions in a plugin's code, found by reading it: nothing is imported, so nothing of it runs or fails."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stages.documents.faults import Fault
from stages.plugins.action import name_of_class
from stages.plugins.config import is_action_name
from stages.plugins.source_lineage import Found, Outside, lineage, resolve
from stages.plugins.source_names import Definition, constants_of, dotted
from stages.plugins.source_texts import meant_by
from stages.plugins.source_tree import Module, SourceTree

_BASE = re.compile(r"(stages|flows)(\.\w+)*\.Base\w*Action")
_DECORATOR = re.compile(r"stages(\.\w+)*\.action")


@dataclass(frozen=True)
class FoundAction:
    """An action in the code: its name, "module:Class", and the data types that it names; none where it names none.
    `is_awaited`: what it does is written as `async def`, and nothing around that is seen to call it."""

    name: str
    entrypoint: str
    input_type: str | None
    output_type: str | None
    file: str
    line: int
    is_awaited: bool = False


def find_actions(folder: Path | str, wheels_dir: str = "wheels") -> tuple[list[FoundAction], list[Fault]]:
    """The actions in the code of a plugin's folder, and what is wrong with that code: files that are not Python, names
    that cannot be an action's, two actions of one name (both are listed)."""
    return actions_of(SourceTree(folder, wheels_dir))


def actions_of(tree: SourceTree) -> tuple[list[FoundAction], list[Fault]]:
    """As find_actions, of a tree that is read already."""
    actions, faults = list[FoundAction](), list[Fault]()
    for module in tree.modules():
        nodes = (bound for name, bound in module.names.bound.items() if not name.startswith("_"))
        found = (action_at(tree, Found(module, node)) for node in nodes if isinstance(node, Definition))
        actions += sorted((action for action in found if action is not None), key=lambda action: action.line)
    faults += _name_faults(actions)
    return [action for action in actions if is_action_name(action.name)], [*tree.faults, *faults]


def action_at(tree: SourceTree, found: Found) -> FoundAction | None:
    """The action that a class or function is, if it is one."""
    if isinstance(found.node, ast.ClassDef):
        return _of_class(tree, found.module, found.node)
    return _of_function(tree, found.module, found.node)


def _of_class(tree: SourceTree, module: Module, node: ast.ClassDef) -> FoundAction | None:
    inside, outside = lineage(tree, module, node)
    bases = {base.name.rpartition(".")[2] for base in outside if _BASE.fullmatch(base.name)}
    if not bases or not _executes(inside, bases):
        return None
    given: dict[str, tuple[Module, ast.expr]] = {}
    for found in reversed(inside):
        if isinstance(found.node, ast.ClassDef):
            own = constants_of(found.node.body)
            said = {
                name: own.get(value.id, value) if isinstance(value, ast.Name) else value for name, value in own.items()
            }
            given |= {name: (found.module, value) for name, value in said.items()}
    action = _action(tree, module, node, name_of_class(node.name), given)
    execute = _execute(inside)
    return replace(action, is_awaited=isinstance(execute, ast.AsyncFunctionDef) and not execute.decorator_list)


def _executes(inside: Iterable[Found], bases: set[str]) -> bool:
    """Whether there is an `execute`: the nearest in the plugin's classes, else that of a base which brings its own."""
    execute = _execute(inside)
    if isinstance(execute, ast.FunctionDef | ast.AsyncFunctionDef):
        names = [dotted(decorator) or "" for decorator in execute.decorator_list]
        return not any(name.endswith("abstractmethod") for name in names)
    return execute is not None or bases != {"BaseAction"}


def _execute(inside: Iterable[Found]) -> ast.AST | None:
    """The nearest `execute` in the plugin's classes: a method, or what else is called so."""
    for found in inside:
        for statement in found.node.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name == "execute":
                return statement
        if (other := constants_of(found.node.body).get("execute")) is not None:
            return other
    return None


def _of_function(tree: SourceTree, module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef) -> FoundAction | None:
    for decorator in node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        made = resolve(tree, module, dotted(call.func if call else decorator))
        if isinstance(made, Outside) and _DECORATOR.fullmatch(made.name):
            words = {word.arg: (module, word.value) for word in call.keywords if word.arg} if call else {}
            first = {"name": (module, call.args[0])} if call and call.args else {}
            given = {("action_name" if key == "name" else key): value for key, value in (first | words).items()}
            bare = decorator is node.decorator_list[-1] and isinstance(node, ast.AsyncFunctionDef)
            return replace(_action(tree, module, node, node.name, given), is_awaited=bare)
    return None


def _action(
    tree: SourceTree, module: Module, node: Definition, name: str, given: Mapping[str, tuple[Module, ast.expr]]
) -> FoundAction:
    keys = ("action_name", "input_type", "output_type")
    words = {key: _word(tree, key, *value) for key, value in given.items() if key in keys}
    return FoundAction(
        name=words.get("action_name") or name,
        entrypoint=f"{module.name}:{node.name}",
        input_type=words.get("input_type"),
        output_type=words.get("output_type"),
        file=str(module.file),
        line=node.lineno,
    )


def _word(tree: SourceTree, key: str, module: Module, value: ast.expr) -> str | None:
    """The text that an expression is. A data type may be named by its class as well, a name of an action may not."""
    meant = meant_by(tree, module, value)
    return meant.text or (None if key == "action_name" else meant.name)


def _name_faults(actions: Iterable[FoundAction]) -> Iterator[Fault]:
    first: dict[str, FoundAction] = {}
    for action in actions:
        other = first.setdefault(action.name, action)
        if not is_action_name(action.name):
            text = f"{action.name!r} is no name for an action; an `action_name` is an identifier, like 'train'"
            yield Fault(text, file=action.file, line=action.line)
        elif other is not action:
            text = f"a second action {action.name!r}; the other is {other.entrypoint}. Give one an `action_name`"
            yield Fault(text, file=action.file, line=action.line)
