"""Changes to the actions in a config's text that leave every other character where it is.

What changes is cut out and put in at the marks of the YAML nodes. The new text is read again and must say what was
meant; where it does not (an alias, an odd layout), the change is refused and a person has to make it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from stages.core.errors import PluginError
from stages.documents.yaml_lines import compose, read_yaml
from stages.documents.yaml_scalars import kind_of
from stages.plugins.config_file import CONFIG

Entry = Mapping[str, str]

_LINE_END = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_PLAIN = re.compile(r"[^\W\d][\w.:]*\w|[^\W\d]")
_OLD_WORDS = frozenset({"y", "n", "yes", "no", "on", "off"})  # true and false for readers of YAML 1.1
_STEP = 2


def edited(text: str, file: str, added: Mapping[str, Entry], mended: Mapping[str, str]) -> str:
    """The text of a config with new actions, and with other entry points for some. `text` is a mapping, and so are its
    `actions`, where it has some. Raises PluginError, which names the file, where the new text would not say that."""
    if not added and not mended:
        return text
    try:
        changed = _Edit(text).changed(added, mended)
    except (yaml.YAMLError, LookupError):
        changed = text
    if _said(changed) != _meant(text, added, mended):
        points = {key: {"entrypoint": point} for key, point in mended.items()}
        wanted = "; ".join(f"{key}: {_flow(entry)}" for key, entry in [*added.items(), *points.items()])
        raise PluginError(
            f"{file} is written in a way that cannot be changed in place; write into it: {wanted}", file=file
        )
    return changed


class _Edit:
    def __init__(self, text: str) -> None:
        self.text = text
        first = _LINE_END.search(text)
        self.newline = first.group() if first else "\n"
        root = compose(text, CONFIG)
        assert isinstance(root, yaml.MappingNode)
        self.root = root
        self.cuts: list[tuple[int, int, str]] = []

    def changed(self, added: Mapping[str, Entry], mended: Mapping[str, str]) -> str:
        actions = _value(self.root, "actions")
        for key, entrypoint in mended.items():
            self._mend(actions, key, entrypoint)
        if added:
            self._add(actions, added)
        return self._joined()

    def _joined(self) -> str:
        """The text with all cuts made; those of one place stand in the order in which they were made."""
        pieces, at = list[str](), 0
        for start, end, new in sorted(self.cuts, key=lambda cut: cut[:2]):
            pieces += [self.text[at:start], new]
            at = end
        return "".join([*pieces, self.text[at:]])

    def _mend(self, actions: yaml.Node | None, key: str, entrypoint: str) -> None:
        entry = _value(actions, key)
        if not isinstance(entry, yaml.MappingNode):
            self._give(entry, _flow({"entrypoint": entrypoint}))
        elif (old := _value(entry, "entrypoint")) is not None:
            self._give(old, _in_style(entrypoint, old))
        elif entry.flow_style:
            self._cut(
                entry.start_mark.index + 1, f'"entrypoint": {json.dumps(entrypoint)}{", " if entry.value else ""}'
            )
        else:
            first = entry.value[0][0].start_mark
            self._cut(first.index, f"entrypoint: {_scalar(entrypoint)}{self.newline}{' ' * first.column}")

    def _give(self, old: yaml.Node | None, new: str) -> None:
        """Put a value where another stands, or where nothing does."""
        if old is None:
            raise LookupError
        start, end = old.start_mark.index, old.end_mark.index
        block = isinstance(old, yaml.ScalarNode) and old.style in ("|", ">")
        space = " " if self.text[start - 1 : start] == ":" else ""
        self.cuts.append((start, end, f"{space}{new}{self.newline if block else ''}"))

    def _add(self, actions: yaml.Node | None, added: Mapping[str, Entry]) -> None:
        flow = ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {_flow(entry)}" for key, entry in added.items())
        if self.root.flow_style:
            self._add_flow(actions, flow)
        elif isinstance(actions, yaml.MappingNode) and actions.value and actions.flow_style:
            self._cut(_end(actions), f", {flow}")
        elif isinstance(actions, yaml.MappingNode) and actions.value:
            column = actions.value[0][0].start_mark.column
            self._lines(_end(actions), column, self._block(added, column, self._step(actions)))
        elif actions is not None:
            self._fill(actions, added)
        else:
            column = self.root.start_mark.column
            lines = ["actions:", *self._block(added, column + _STEP, _STEP)]
            self._lines(_end(self.root), column, [" " * column + lines[0], *lines[1:]])

    def _add_flow(self, actions: yaml.Node | None, flow: str) -> None:
        if isinstance(actions, yaml.MappingNode) and actions.value:
            self._cut(_end(actions), f", {flow}")
        elif actions is not None:
            self._give(actions, f"{{{flow}}}")
        else:
            self._cut(_end(self.root), f', "actions": {{{flow}}}')

    def _fill(self, nothing: yaml.Node, added: Mapping[str, Entry]) -> None:
        """New actions below `actions:` where nothing stands, or `{}`, or null."""
        start, end = nothing.start_mark.index, nothing.end_mark.index
        rest = self.text[end : self._line_end(end)[0]]
        start -= 0 if rest.strip() else len(self.text[:start]) - len(self.text[:start].rstrip(" "))
        self.cuts.append((start, end, ""))
        column = self.root.start_mark.column + _STEP
        self._lines(end, column, self._block(added, column, _STEP))

    def _block(self, added: Mapping[str, Entry], column: int, step: int) -> list[str]:
        lines: list[str] = []
        for key, entry in added.items():
            lines.append(f"{' ' * column}{_scalar(key)}:")
            lines += [f"{' ' * (column + step)}{word}: {_scalar(value)}" for word, value in entry.items()]
        return lines

    def _lines(self, index: int, column: int, lines: Sequence[str]) -> None:
        """Whole lines after the one in which `index` is, and after the comments below it that are as far in."""
        end, after = self._line_end(index)
        starts_line = index > 0 and _LINE_END.fullmatch(self.text[index - 1]) is not None
        end, after = (index, index) if starts_line else (end, after)
        while (comment := re.compile(rf" {{{column},}}#[^\r\n]*").match(self.text, after)) is not None:
            if after == end and not starts_line:
                break
            end, after = self._line_end(comment.end())
        if end == after and end == len(self.text) and not self.text.endswith(("\n", "\r")):
            self._cut(end, "".join(self.newline + line for line in lines))
        else:
            self._cut(after, "".join(line + self.newline for line in lines))

    def _line_end(self, index: int) -> tuple[int, int]:
        """Where the line of a place ends, and where the next begins."""
        found = _LINE_END.search(self.text, index)
        return found.span() if found else (len(self.text), len(self.text))

    def _step(self, actions: yaml.MappingNode) -> int:
        """How far entries are indented in their action."""
        for key, value in actions.value:
            below = value.start_mark.index > key.end_mark.index  # else an alias of what stands above
            if isinstance(value, yaml.MappingNode) and not value.flow_style and below:
                return max(1, int(value.start_mark.column - key.start_mark.column))
        return _STEP

    def _cut(self, index: int, new: str) -> None:
        self.cuts.append((index, index, new))


def _value(mapping: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = mapping.value if isinstance(mapping, yaml.MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)


def _end(node: yaml.Node) -> int:
    """Where the last thing in a mapping ends; the mark of a block itself is at what follows, comments between."""
    return max((end for pair in node.value for part in pair for end in _ends(part)), default=node.start_mark.index + 1)


def _ends(node: yaml.Node) -> Iterator[int]:
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        yield node.end_mark.index
        return
    for part in (p for pair in node.value for p in pair) if isinstance(node, yaml.MappingNode) else node.value:
        yield from _ends(part)


def _said(text: str) -> Any:
    document, faults = read_yaml(text, "", CONFIG)
    return document.plain() if document is not None and not faults else None


def _meant(text: str, added: Mapping[str, Entry], mended: Mapping[str, str]) -> Any:
    said = _said(text)
    actions = dict(said.get("actions") or {}) | {key: dict(entry) for key, entry in added.items()}
    actions |= {key: {**(actions.get(key) or {}), "entrypoint": entrypoint} for key, entrypoint in mended.items()}
    return {**said, "actions": actions}


def _scalar(text: str) -> str:
    """As YAML writes it: plain where it can be nothing but this text."""
    plain = _PLAIN.fullmatch(text) and kind_of(text) == "str" and text.lower() not in _OLD_WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)


def _flow(entry: Entry) -> str:
    return json.dumps(dict(entry), ensure_ascii=False)


def _in_style(text: str, old: yaml.Node) -> str:
    """Quoted as what it replaces."""
    quote = old.style if isinstance(old, yaml.ScalarNode) and old.style in ("'", '"') else None
    return f"{quote}{text}{quote}" if quote else _scalar(text)
