"""Where an action's code is: "module:Class" or "module.Class", relative to the folder that holds config.yaml."""

from __future__ import annotations

import keyword
from typing import NamedTuple

MAX_CHARACTERS = 300


class Entrypoint(NamedTuple):
    """A module, with dots and as seen from the plugin's folder, and the name of a class or function in it."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"


def parse_entrypoint(text: str) -> Entrypoint:
    """What an entry point says. Raises ValueError, which says what it should look like; nothing is looked up."""
    module, _, name = text.strip().rpartition(":" if ":" in text else ".")
    words = [*module.split("."), name]
    if len(text) > MAX_CHARACTERS or not all(word.isidentifier() and not keyword.iskeyword(word) for word in words):
        found = text if len(text) <= 60 else text[:57] + "…"
        raise ValueError(
            f"found {found!r}, expected 'module:Class' or 'module.Class', relative to the plugin's folder, "
            "like 'plugin.train:TrainAction'"
        )
    return Entrypoint(module, name)
