"""Reading parts of a document as what they should be, collecting what they are instead."""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from stages.core.suggest import nearest
from stages.documents.faults import Fault
from stages.documents.yaml_lines import Part
from stages.documents.yaml_scalars import shown


def is_name(text: str) -> bool:
    """Whether a text can name an entry, an input or a key: an identifier, as it becomes a parameter of a flow."""
    return text.isidentifier() and not keyword.iskeyword(text)


@dataclass
class Form:
    """One file as it is read, and its faults so far. `stage` is the entry that is being read."""

    file: str
    faults: list[Fault] = field(default_factory=list)
    stage: str | None = None

    def fault(self, message: str, part: Part, field: str | None = None) -> None:
        """Note what is wrong with a part."""
        self.faults.append(Fault(message, self.stage, field, self.file, part.line))

    def wrong(self, part: Part, field: str, expected: str) -> None:
        """Note that a part is of the wrong kind."""
        self.fault(f"found {_found(part)}, expected {expected}", part, field)

    def text(self, part: Part, field: str) -> str | None:
        """A text; nothing, with a fault, where it is something else."""
        if isinstance(part.value, str) and part.value.strip():
            return part.value.strip()
        quote = "; put it in quotes" if isinstance(part.value, (bool, int, float)) else ""
        self.wrong(part, field, f"a text{quote}")
        return None

    def name(self, part: Part, field: str) -> str | None:
        """A text that is an identifier."""
        text = self.text(part, field)
        if text is not None and not is_name(text):
            self.fault(f"{text!r} is not an identifier (letters, digits and '_', no keyword of Python)", part, field)
            return None
        return text

    def mapping(self, part: Part, field: str, expected: str) -> dict[str, Part]:
        """A mapping; an empty one where nothing stands, or, with a fault, where it is something else."""
        if isinstance(part.value, dict):
            return part.value
        if part.value is not None:
            self.wrong(part, field, expected)
        return {}

    def names(self, part: Part, field: str) -> tuple[str, ...]:
        """A list of names, or a single one."""
        parts = part.value if isinstance(part.value, list) else [part]
        return tuple(text for p in parts if (text := self.text(p, field)) is not None)

    def renames(self, part: Part, field: str) -> dict[str, str]:
        """A mapping from names to names."""
        found = self.mapping(part, field, "a mapping of the stage's own key to the key to use, like {frames: crops}")
        given = {key: self.name(p, f"{field}.{key}") for key, p in found.items()}
        return {key: text for key, text in given.items() if text is not None}

    def number(self, part: Part, field: str, *, whole: bool = False) -> Any:
        """A number."""
        kinds = int if whole else (int, float)
        if isinstance(part.value, kinds) and not isinstance(part.value, bool):
            return part.value
        self.wrong(part, field, "a whole number" if whole else "a number")
        return None

    def switch(self, part: Part, field: str) -> bool | None:
        """true or false; also the words that YAML 1.1 had for them."""
        words = {"yes": True, "on": True, "no": False, "off": False}
        value = words.get(part.value.casefold()) if isinstance(part.value, str) else part.value
        if isinstance(value, bool):
            return value
        self.wrong(part, field, "true or false")
        return None

    def unknown(self, key: str, part: Part, known: Iterable[str], what: str) -> None:
        """Note a key that means nothing here."""
        names = list(known)
        close = nearest(key, names)
        hint = f"did you mean {close!r}? " if close else ""
        self.fault(f"unknown key {key!r} {what}; {hint}Known are: {', '.join(names)}", part, key)


def _found(part: Part) -> str:
    if isinstance(part.value, dict):
        return "a mapping"
    if isinstance(part.value, list):
        return "a list"
    return shown(part.value)
