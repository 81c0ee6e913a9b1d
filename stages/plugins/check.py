"""A plugin's config held against its code. All of it is read, nothing is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os.path import exists
from pathlib import Path

from stages.documents.faults import Fault
from stages.documents.yaml_lines import Part
from stages.plugins.action_stage import AWAITED
from stages.plugins.code_types import CodeTypes
from stages.plugins.config_file import ConfigDocument, read_document
from stages.plugins.entry_code import Located, locate_action, locate_class
from stages.plugins.reading_code import FoundAction, actions_of
from stages.plugins.source_tree import SourceTree


def check_plugin(folder: Path | str) -> list[Fault]:
    """Everything that is wrong with the plugin in a folder, as far as can be seen without running its code; by line,
    the config first. Warnings are what may be meant, and what `stagewright plugin sync` would add."""
    document = read_document(folder)
    if not document.file.parent.is_dir():
        return document.faults
    config = document.config
    tree = SourceTree(document.file.parent, config.wheels_dir if config else "wheels")
    found = list(_Check(document, tree).faults())
    told = dict.fromkeys([*document.faults, *found, *tree.faults])
    return sorted(told, key=lambda fault: (fault.file != str(document.file), fault.file or "", fault.line or 0))


class _Check:
    def __init__(self, document: ConfigDocument, tree: SourceTree) -> None:
        self.document, self.tree = document, tree
        self.actions, self.of_code = actions_of(tree)
        self.types = CodeTypes(tree, document.config.code if document.config else "")

    def faults(self) -> Iterator[Fault]:
        yield from self.of_code
        listed: set[str] = set()
        for key, entry in self.document.entries.items():
            located = self._located(entry)
            listed |= {located.action.entrypoint} if located.action else set()
            yield from self._entry(f"actions.{key}", entry, located)
        yield from self._wheels()
        for action in self.actions:
            yield from self._code_types(action)
            if action.is_awaited:
                yield Fault(f"action {action.name!r}: it {AWAITED}", file=action.file, line=action.line)
            if action.entrypoint not in listed and action.name not in self.document.entries:
                text = f"the action {action.name!r} is not in the config; `stagewright plugin sync` adds it"
                yield Fault(text, None, None, action.file, action.line, "warning")

    def _located(self, entry: Mapping[str, Part]) -> Located:
        text = _text(entry, "entrypoint")
        return locate_action(self.tree, text) if text else Located()

    def _entry(self, path: str, entry: Mapping[str, Part], located: Located) -> Iterator[Fault]:
        if located.problem is not None:
            yield self.document.fault(
                f"{path}.entrypoint",
                located.problem + self._moved(path.partition(".")[2], located),
                "warning" if located.doubtful else "error",
            )
        schema = _text(entry, "params_schema")
        if schema and (problem := locate_class(self.tree, schema).problem) is not None:
            yield self.document.fault(f"{path}.params_schema", problem)
        for which in ("input_type", "output_type"):
            if (name := _text(entry, which)) is not None:
                yield from self._type(f"{path}.{which}", name, located.action)

    def _moved(self, name: str, located: Located) -> str:
        """Where an action of that name is now, when it is in one other place."""
        places = [action.entrypoint for action in self.actions if action.name == name]
        if not located.gone or len(places) != 1:
            return ""
        return f" The action {name!r} is now {places[0]!r}: `stagewright plugin sync` mends it."

    def _type(self, path: str, name: str, action: FoundAction | None) -> Iterator[Fault]:
        if (problem := self.types.problem(name)) is not None:
            yield self.document.fault(path, problem)
        of_code = getattr(action, path.rpartition(".")[2]) if action else None
        if action is not None and of_code is not None and not self.types.same(name, of_code):
            text = f"found {name!r}, but the code says {of_code!r}, which counts ({action.file}:{action.line})"
            yield self.document.fault(path, text, "warning")

    def _code_types(self, action: FoundAction) -> Iterator[Fault]:
        for name in (action.input_type, action.output_type):
            if name is not None and (problem := self.types.problem(name)) is not None:
                yield Fault(f"action {action.name!r}: {problem}", file=action.file, line=action.line)

    def _wheels(self) -> Iterator[Fault]:
        config = self.document.config
        if config is None:
            return
        place = self.document.file.parent / config.wheels_dir
        if exists(place) and not self.tree.holds(place):
            text = f"{config.wheels_dir!r} is a link that leads out of the plugin's folder"
            yield self.document.fault("wheels_dir", text)


def _text(entry: Mapping[str, Part], key: str) -> str | None:
    """What an entry says under a key, where that is a text; what else stands there, the config's faults tell."""
    value = entry[key].value if key in entry else None
    return value.strip() or None if isinstance(value, str) else None
