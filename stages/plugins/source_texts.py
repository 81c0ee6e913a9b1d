"""The text that an expression in a plugin's code stands for, followed through its modules."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from stages.plugins.source_lineage import MAX_STEPS, in_plugin, joined, lineage
from stages.plugins.source_names import Imported, constants_of, dotted
from stages.plugins.source_tree import Module, SourceTree


@dataclass(frozen=True)
class Meant:
    """What an expression stands for: a text, or the last part of a name behind which nothing more can be seen (a class,
    something from elsewhere); neither for any other constant, and for what only running it would tell."""

    text: str | None = None
    name: str | None = None


def meant_by(tree: SourceTree, module: Module, value: ast.expr) -> Meant:
    """What an expression in a module stands for: constants of the plugin's modules and of classes in them are seen, and
    the values of an enum's members."""
    return _Trail(tree).of(module, value) or Meant()


class _Trail:
    """Follows one expression. It takes so many steps and no more, so that circles end."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree, self._left = tree, MAX_STEPS

    def of(self, module: Module, value: ast.expr, rest: str = "") -> Meant | None:
        """What `rest` of a value is, or the value itself; none where that cannot be told."""
        if isinstance(value, ast.Constant) and not rest:
            return Meant(text=value.value if isinstance(value.value, str) else None)
        name = dotted(value)
        if name is None:
            return None
        found = self._named(module, joined(name, rest)) or Meant(name=joined(name, rest).rpartition(".")[2])
        is_part = any(isinstance(part, ast.Subscript) for part in ast.walk(value))
        return replace(found, text=None) if is_part else found

    def _named(self, module: Module, name: str) -> Meant | None:
        self._left -= 1
        if self._left < 0:
            return None
        head, _, rest = name.partition(".")
        bound = module.names.bound.get(head)
        if isinstance(bound, ast.ClassDef):
            return self._in_class(module, bound, rest) if rest else Meant(name=bound.name)
        if isinstance(bound, Imported):
            return self._imported(bound, rest)
        if isinstance(bound, ast.expr):
            return self.of(module, bound, rest)
        if head in module.names.bound:
            return None
        found = (self._from(star, name) for star in module.names.stars)
        return next((meant for meant in found if meant is not None), None)

    def _in_class(self, module: Module, node: ast.ClassDef, rest: str) -> Meant | None:
        """A constant of a class, or of what that derives from in the plugin; of an enum's member the value."""
        name, _, more = rest.partition(".")
        for found in lineage(self._tree, module, node)[0]:
            if (value := constants_of(found.node.body).get(name)) is not None:
                return self.of(found.module, value, "" if more == "value" else more)
        return None

    def _imported(self, source: Imported, rest: str) -> Meant:
        return self._from(source, rest) or Meant(name=joined(source.target, rest).rpartition(".")[2])

    def _from(self, source: Imported, rest: str) -> Meant | None:
        """What has the rest of the dotted name in the module of the plugin which its beginning is."""
        inside = in_plugin(self._tree, source, rest)
        return self._named(*inside) if inside else None
