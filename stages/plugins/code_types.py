"""The data types that a plugin's config and code name: whether there are such, and whether both mean the same."""

from __future__ import annotations

import ast

import stages.datatypes  # noqa: F401  so that the shipped ones are known
from stages.core.datatype import find_type, list_types
from stages.core.discovery import load_stages
from stages.core.suggest import nearest
from stages.plugins.source_names import Imported, constants_of
from stages.plugins.source_tree import OURS, SourceTree


class CodeTypes:
    """The names that may be data types in a plugin: its own classes, with the plugin's code before them or without, and
    what it imports from elsewhere."""

    def __init__(self, tree: SourceTree, code: str = "") -> None:
        self._code = code
        self._own: dict[str, str] = {}  # how a class is called, and its `name` as a data type
        for module in tree.modules():
            for name, bound in module.names.bound.items():
                if isinstance(bound, ast.ClassDef):
                    given = constants_of(bound.body).get("name")
                    word = given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else name
                    self._own |= {name: word, word: word, f"{code}.{name}": word}
                elif isinstance(bound, Imported) and (bound.relative or bound.target.partition(".")[0] not in OURS):
                    self._own.setdefault(name, name)

    def problem(self, name: str) -> str | None:
        """Why a name is no data type; none where it is one, or may be."""
        if self._of_plugin(name) is not None or _registered(name) is not None:
            return None
        load_stages()  # a type may come with somebody's stages
        if _registered(name) is not None:
            return None
        known = [kind.name for kind in list_types()] + list(self._own)
        close = nearest(name, known)
        return f"there is no data type {name!r}{f'; did you mean {close!r}?' if close else ', here or in the plugin'}"

    def same(self, one: str, other: str) -> bool:
        """Whether two names are of one data type."""
        return self._meant(one) == self._meant(other)

    def _meant(self, name: str) -> str:
        return self._of_plugin(name) or _registered(name) or name

    def _of_plugin(self, name: str) -> str | None:
        """Which of the plugin's own it is; behind any code, where the config's faults hide that of the plugin."""
        return self._own.get(name if self._code else name.rpartition(".")[2])


def _registered(name: str) -> str | None:
    try:
        return find_type(name).name
    except KeyError:
        return next((kind.name for kind in list_types() if kind.__name__ == name), None)
