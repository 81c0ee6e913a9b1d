"""Plugins that a test writes, each in a folder of its own."""

from __future__ import annotations

import pickle
from pathlib import Path
from textwrap import dedent
from uuid import uuid4

import pytest

from stages.core.errors import PluginError
from stages.plugins import PluginDiscovery

COUNT = """
    from pydantic import BaseModel, Field
    from stages.plugins import BaseAction
    from plugin.words import WORDS

    class CountParams(BaseModel):
        least: int = Field(1, ge=1, le=9, description="Shortest word that counts")

    class CountAction(BaseAction[CountParams]):
        def execute(self):
            return [word for word in WORDS if len(word) >= self.params.least]
"""


class PluginFolders:
    """Folders of plugins. Codes differ from those of other tests, whose packages this process still has."""

    def __init__(self, root: Path) -> None:
        self.root, self.mark = root, uuid4().hex[:8]

    def code(self, name: str) -> str:
        """The code of the plugin of that name."""
        return f"{name}_{self.mark}"

    def write(self, name: str, files: dict[str, str] | None = None, config: str = "", code: str = "") -> Path:
        """A plugin that counts words, unless `files` and `config` (its text after name and code) say otherwise."""
        folder = self.root / name
        actions = config or "actions:\n  count:\n    entrypoint: plugin.count:CountAction\n"
        head = f"name: {name}\ncode: {code or self.code(name)}\n"
        default = {"plugin/count.py": COUNT, "plugin/words.py": f"WORDS = ['a', 'bc', {name!r}]\n"}
        for path, text in {"config.yaml": head + actions, **(default if files is None else files)}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(dedent(text))
        return folder


def refused(folder: Path, action: str = "count") -> str:
    """Why an action of a plugin cannot be loaded; in words that survive the way between processes."""
    with pytest.raises(PluginError) as e:
        PluginDiscovery.from_path(folder).get_action_class(action)
    assert isinstance(pickle.loads(pickle.dumps(e.value)), PluginError)
    return str(e.value)
