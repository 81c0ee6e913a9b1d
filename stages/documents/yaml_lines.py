"""YAML read with the line of every part, under limits, and with every fault told.

The composer is PyYAML's safe one; nothing but text, numbers, truth values, lists and mappings comes out of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from stages.documents.faults import Fault
from stages.documents.yaml_scalars import KINDS, kind_of, read_scalar

MAX_PARTS = 20_000
MAX_DEPTH = 40

_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class DocumentKind:
    """What a document is, as messages say it: its word, what it needs at least, what is written for a merge key."""

    word: str = "document"
    needs: str = "a mapping"
    instead_of_merge: str = "write the settings out"


@dataclass(frozen=True)
class Part:
    """A piece of a document. `value` is a scalar, a list of parts, or a mapping of names to parts; `line` counts from 1
    and is, for what stands in a mapping, the line of its key. `written` is a scalar's text as it stands there: the
    number 1.10 does not know of its zero."""

    value: Any
    line: int
    written: str | None = None

    def plain(self) -> Any:
        """The value alone."""
        if isinstance(self.value, dict):
            return {key: part.plain() for key, part in self.value.items()}
        if isinstance(self.value, list):
            return [part.plain() for part in self.value]
        return self.value

    def lines(self, path: str = "") -> dict[str, int]:
        """The line of this part and of all in it, by dotted path."""
        found = {path: self.line}
        parts: Any = ()
        if isinstance(self.value, dict):
            parts = self.value.items()
        elif isinstance(self.value, list):
            parts = enumerate(self.value)
        for key, part in parts:
            found |= part.lines(f"{path}.{key}" if path else str(key))
        return found


def read_yaml(text: str, file: str, kind: DocumentKind | None = None) -> tuple[Part | None, list[Fault]]:
    """The document of `text` and what is wrong with it; no document where it cannot be read at all."""
    kind = kind or DocumentKind()
    reading = _Reading(file, kind)
    try:
        node = compose(text, kind)
        if node is None:
            return None, [Fault(f"is empty; a {kind.word} needs at least {kind.needs}", file=file, line=1)]
        return reading.part(node), reading.faults
    except Refused as error:
        return None, [*reading.faults, Fault(error.problem, file=file, line=error.line)]


def compose(text: str, kind: DocumentKind) -> yaml.Node | None:
    """The nodes of a document, with the marks where each begins and ends. Raises Refused."""
    try:
        return _Loader(text).get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"has a character that text cannot have (U+{int(error.character):04X}); is it a text file?"
        raise Refused(problem, line) from None
    except yaml.MarkedYAMLError as error:
        raise Refused(*_syntax(error, kind)) from None


class Refused(Exception):
    """Why a text cannot be read as YAML at all, and where."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.problem, self.line = problem, line


class _Loader(yaml.SafeLoader):
    depth = 0
    count = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth, self.count = self.depth + 1, self.count + 1
        if self.depth > MAX_DEPTH:
            raise Refused(f"is nested more than {MAX_DEPTH} levels deep", self.line + 1)
        if self.count > MAX_PARTS:
            raise Refused(f"has more than {MAX_PARTS} values", self.line + 1)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        if kind is yaml.ScalarNode and implicit[0]:
            return _TAG + kind_of(value)
        if kind is yaml.ScalarNode:
            return _TAG + "str"
        return _TAG + ("map" if kind is yaml.MappingNode else "seq")


def _syntax(error: yaml.MarkedYAMLError, kind: DocumentKind) -> tuple[str, int]:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = error.problem or "it ends too early"
    if "'\\t'" in problem:
        problem = "a tab stands where the line is indented; indent with spaces"
    elif "expected a single document" in str(error.context):
        problem = f"a second document begins here (---); a file holds one {kind.word}"
    elif "mapping values are not allowed" in problem:
        problem = "a ':' is not allowed here; quote the text, or mend the indentation of this line or the one above"
    return f"cannot be read as YAML (column {column}): {problem}", line


class _Reading:
    """Turns nodes into parts. Counts what aliases multiply, so that a small file cannot grow without end."""

    def __init__(self, file: str, kind: DocumentKind) -> None:
        self.file, self.kind, self.faults = file, kind, list[Fault]()
        self._count = 0
        self._open: set[int] = set()

    def part(self, node: yaml.Node, line: int | None = None) -> Part:
        own_line = node.start_mark.line + 1
        self._count += 1
        if self._count > MAX_PARTS:
            raise Refused(f"grows to more than {MAX_PARTS} values through its aliases (*name)", line or own_line)
        if id(node) in self._open:
            raise Refused("has an alias (*name) that stands inside what it refers to", line or own_line)
        self._open.add(id(node))
        value = self._value(node)
        self._open.discard(id(node))
        return Part(value, line or own_line, node.value if isinstance(node, yaml.ScalarNode) else None)

    def _value(self, node: yaml.Node) -> Any:
        kind = node.tag.removeprefix(_TAG)
        if isinstance(node, yaml.MappingNode) and kind == "map":
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode) and kind == "seq":
            return [self.part(item) for item in node.value]
        if isinstance(node, yaml.ScalarNode) and kind in KINDS:
            return self._scalar(node, kind)
        self._fault(f"the tag {node.tag!r} has no meaning in a {self.kind.word}; leave it out", node)
        return None

    def _scalar(self, node: yaml.ScalarNode, kind: str) -> Any:
        try:
            return read_scalar(node.value, kind, self.kind.word)
        except ValueError as error:
            self._fault(str(error), node)
            return None

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Part]:
        found: dict[str, Part] = {}
        for key, value in node.value:
            told = len(self.faults)
            name, line = self._key(key, found), key.start_mark.line + 1
            part = self.part(value, line)
            if name is not None and (part.value is not None or len(self.faults) == told):
                found[name] = part  # what cannot be read is left out, so that nothing more is said of it
        return found

    def _key(self, key: yaml.Node, found: dict[str, Part]) -> str | None:
        if not isinstance(key, yaml.ScalarNode):
            self._fault("a key must be a word; this one is a list or a mapping", key)
            return None
        name: str | None = self._scalar(key, "str")
        if name == "<<":
            instead = self.kind.instead_of_merge
            self._fault(f"merge keys (<<) have no meaning in a {self.kind.word}; {instead}", key)
            return None
        if name in found:
            self._fault(f"the key {name!r} stands here twice; it is also in line {found[name].line}", key)
            return None
        return name

    def _fault(self, problem: str, node: yaml.Node) -> None:
        self.faults.append(Fault(problem, file=self.file, line=node.start_mark.line + 1))
