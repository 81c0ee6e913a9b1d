"""The code that an entry point names, found in the plugin's texts."""

from __future__ import annotations

import os
from dataclasses import dataclass

from stages.core.suggest import nearest
from stages.plugins.entrypoint import Entrypoint, parse_entrypoint
from stages.plugins.no_action import why_no_action
from stages.plugins.reading_code import FoundAction, action_at
from stages.plugins.source_lineage import Found, resolve
from stages.plugins.source_tree import Module, SourceTree


@dataclass(frozen=True)
class Located:
    """What an entry point names. `action`: the action, where it is one; `problem`: what is wrong with it, for certain
    or (`doubtful`) as far as can be seen; `gone`: there is nothing of that name in the plugin; `malformed`: it is no
    entry point at all."""

    action: FoundAction | None = None
    problem: str | None = None
    doubtful: bool = False
    gone: bool = False
    malformed: bool = False

    @property
    def lost(self) -> bool:
        """Whether it leads nowhere, and so may be written anew."""
        return self.gone or self.malformed


def locate_action(tree: SourceTree, text: str) -> Located:
    """The action that an entry point names."""
    located, found = _locate(tree, text)
    if located.problem is not None or (found is None and not located.doubtful):
        return located
    action = action_at(tree, found) if found is not None else None
    if action is not None:
        return Located(action)
    problem, doubtful = why_no_action(tree, text, found)
    return Located(problem=problem, doubtful=doubtful)


def locate_class(tree: SourceTree, text: str) -> Located:
    """The class that stands where an entry point says."""
    return _locate(tree, text)[0]


def _locate(tree: SourceTree, text: str) -> tuple[Located, Found | None]:
    try:
        entry = parse_entrypoint(text)
    except ValueError as error:
        return Located(problem=str(error), malformed=True), None
    file = tree.file_of(entry.module)
    if file is None:
        return Located(problem=_no_module(tree, entry), gone=True), None
    if not tree.holds(file):
        where = f"{os.path.relpath(file, tree.folder)} is a link to {os.path.realpath(file)}"
        return Located(problem=f"{text!r} leads out of the plugin's folder ({where}); code must be in it"), None
    module = tree.module(entry.module)
    if module is None or module.broken:
        return Located(), None  # why it cannot be parsed is told of the file
    found = resolve(tree, module, entry.name)
    if isinstance(found, Found):
        return Located(), found
    if entry.name in module.names.bound or module.names.stars:
        return Located(doubtful=True), None
    return Located(problem=_no_name(tree, module, entry), gone=True), None


def _no_module(tree: SourceTree, entry: Entrypoint) -> str:
    if tree.own_name(entry.module) is None:
        what = f"{entry.module!r} is not the plugin's own code: an entry point stays inside the plugin's folder"
    else:
        what = f"there is no module {entry.module!r} in the plugin's folder, to which an entry point is relative"
    known = tree.known()
    close = nearest(entry.module, known)
    return f"{what}{f'; did you mean {close!r}?' if close else f'. There are: {_listed(known)}.'}"


def _no_name(tree: SourceTree, module: Module, entry: Entrypoint) -> str:
    known = [name for name in module.names.bound if not name.startswith("_")]
    close = nearest(entry.name, known)
    hint = f"; did you mean {close!r}?" if close else f". It has: {_listed(known)}."
    return f"{os.path.relpath(module.file, tree.folder)} defines no {entry.name!r}{hint}"


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:10]) or "none"
    return f"{shown} and {len(names) - 10} more" if len(names) > 10 else shown
