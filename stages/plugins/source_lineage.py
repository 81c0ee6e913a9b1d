"""What a name in a plugin's code stands for, followed through its modules, and what a class derives from."""

from __future__ import annotations

import ast
from collections import deque
from dataclasses import dataclass

from stages.plugins.source_names import Definition, Imported, dotted
from stages.plugins.source_tree import OURS, Module, SourceTree

MAX_STEPS = 150
"""From name to name; more is not meant to be understood."""
MAX_BASES = 100
"""Of one class, in the plugin."""


@dataclass(frozen=True)
class Found:
    """A class or function in the plugin's own code."""

    module: Module
    node: Definition


@dataclass(frozen=True)
class Outside:
    """Something that is not in the plugin's code: where it is imported from."""

    name: str


def resolve(tree: SourceTree, module: Module, name: str | None) -> Found | Outside | None:
    """What a name, with dots, stands for in a module; none where that cannot be told."""
    return _Search(tree).find(module, name)


def lineage(tree: SourceTree, module: Module, node: ast.ClassDef) -> tuple[list[Found], list[Outside]]:
    """A class and what it derives from in the plugin, the nearest first, and what all these derive from outside."""
    inside, outside = list[Found](), list[Outside]()
    seen: set[int] = set()
    waiting: deque[Found | Outside | None] = deque([Found(module, node)])
    while waiting and len(inside) < MAX_BASES:
        found = waiting.popleft()
        if isinstance(found, Outside):
            outside.append(found)
        elif found is not None and isinstance(found.node, ast.ClassDef) and id(found.node) not in seen:
            seen.add(id(found.node))
            inside.append(found)
            waiting.extendleft(reversed(_bases(tree, found.module, found.node)))
    return inside, outside


def _bases(tree: SourceTree, module: Module, node: ast.ClassDef) -> list[Found | Outside | None]:
    """What the bases of a class stand for; looked up once, as a class may be the base of many."""
    known: dict[ast.ClassDef, list[Found | Outside | None]] = tree.kept
    if node not in known:
        known[node] = [resolve(tree, module, dotted(base)) for base in node.bases]
    return known[node]


class _Search:
    """Follows one name. What was looked at is not looked at again, so that circles of imports end."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree, self._seen = tree, set[tuple[str, str]]()

    def find(self, module: Module, name: str | None) -> Found | Outside | None:
        if not name or (module.name, name) in self._seen or len(self._seen) > MAX_STEPS:
            return None
        self._seen.add((module.name, name))
        head, _, rest = name.partition(".")
        binding = module.names.bound.get(head)
        if isinstance(binding, Definition):
            return Found(module, binding) if not rest else None
        if isinstance(binding, Imported):
            return self._imported(binding, rest)
        if head in module.names.bound:
            other = dotted(binding)
            return self.find(module, joined(other, rest)) if other else None
        return self._starred(module, name)

    def _starred(self, module: Module, name: str) -> Found | Outside | None:
        """The first of the modules, of which everything is imported, that has the name."""
        found = (self._imported(star, name) for star in module.names.stars if _may_have(star, self._tree))
        return next((one for one in found if one is not None), None)

    def _imported(self, source: Imported, rest: str) -> Found | Outside | None:
        inside = in_plugin(self._tree, source, rest)
        return self.find(*inside) if inside else Outside(joined(source.target, rest))


def _may_have(star: Imported, tree: SourceTree) -> bool:
    """Whether a name may come from a star: of the plugin's modules that is seen, of Stagewright's it is believed."""
    own = star.target if star.relative else tree.own_name(star.target)
    return star.target.partition(".")[0] in OURS if own is None else tree.module(own) is not None


def in_plugin(tree: SourceTree, source: Imported, rest: str) -> tuple[Module, str] | None:
    """As much of an imported dotted name as is a module of the plugin, and the rest in there; none of what is not."""
    name = joined(source.target, rest)
    own = name if source.relative else tree.own_name(name)
    parts = own.split(".") if own else []
    for count in range(len(parts) - 1, 0, -1):
        if (module := tree.module(".".join(parts[:count]))) is not None:
            return module, ".".join(parts[count:])
    return None


def joined(name: str, rest: str) -> str:
    """A dotted name of two parts, of which the second may be empty."""
    return f"{name}.{rest}" if rest else name
