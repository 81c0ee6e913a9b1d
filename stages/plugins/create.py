"""A new plugin from a template: one for each category, which works, and whose tests pass, as it is made."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from stages.core.errors import UsageError
from stages.plugins.categories import PluginCategory
from stages.plugins.config import PluginConfig
from stages.plugins.config_words import config_faults

_ENDING = ".tmpl"
_SHARED = "shared"
"""The template of what all have; a category's own files come in place of these."""


@dataclass(frozen=True)
class NewPlugin:
    """A plugin that was made: where, and its files by path, in order."""

    folder: Path
    code: str
    name: str
    category: PluginCategory
    files: tuple[str, ...]


def create_plugin(
    folder: Path | str, category: PluginCategory | str, *, name: str | None = None, code: str | None = None
) -> NewPlugin:
    """Make a plugin in a folder that is not there yet, or empty.

    `code` is by default the folder's name as a code (`My Plugin` -> `my-plugin`), `name` that in words. Raises
    UsageError for an unknown category, a name or code that cannot be one, and a folder in which something lies.
    """
    root, kind = Path(os.path.abspath(folder)), _category(category)
    code = code_of(root.name) if code is None else code
    name = code.replace("-", " ").replace("_", " ").capitalize() if name is None else name
    _check(name, code)
    texts = _texts(kind, name, code)
    if root.is_symlink() or (root.exists() and (not root.is_dir() or any(root.iterdir()))):
        raise _taken(root)
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=root.parent, prefix=".part-") as part:
            _write(made := Path(part, "made"), texts)
            root.mkdir(exist_ok=True)  # one that is there stays the same folder: somebody may stand in it
            for entry in made.iterdir():
                os.rename(entry, root / entry.name)
    except OSError as error:
        problem = f"{root} cannot be written: {error.strerror}. Name another folder."
        raise UsageError(problem, uri=str(root)) from error
    return NewPlugin(root, code, name, kind, tuple(sorted(texts)))


def code_of(name: str) -> str:
    """A text as a plugin's code; empty where there is nothing in it that a code can have."""
    return re.sub(r"[-_]{2,}", "-", re.sub(r"[^a-z0-9_]+", "-", name.lower())).strip("-_")


def _category(category: PluginCategory | str) -> PluginCategory:
    try:
        return PluginCategory(category)
    except ValueError:
        from stages.core.suggest import did_you_mean

        known = did_you_mean(str(category), [one.value for one in PluginCategory])
        raise UsageError(f"There is no category {str(category)!r}{known}") from None


def _check(name: str, code: str) -> None:
    """Raises UsageError for what a config would not take."""
    given = {"name": name, "code": code}
    try:
        PluginConfig.model_validate(given)
    except ValidationError as error:
        told = "; ".join(f"{path}: {text}" for path, text in config_faults(error, given))
        raise UsageError(f"A plugin cannot be called so: {told}. Say another with --name or --code.") from None


def _texts(category: PluginCategory, name: str, code: str) -> dict[str, str]:
    """The content of each file, by path."""
    root = files("stages.plugins") / "templates"
    found = {path: text for part in (_SHARED, category.value) for path, text in _templates(root / part)}
    actions = [line.strip(" :") for line in found["config.yaml"].splitlines() if re.fullmatch(r"  \w+:", line)]
    words = {
        "name": json.dumps(name, ensure_ascii=False),  # in quotes, as YAML takes them too
        "title": name,
        "code": code,
        "category": category.value,
        "action": actions[0],
    }
    return {path: Template(text).substitute(words) for path, text in found.items()}


def _templates(folder: Traversable, below: str = "") -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _templates(entry, f"{below}{entry.name}/")
        elif entry.name.endswith(_ENDING):
            yield below + entry.name.removesuffix(_ENDING), entry.read_text(encoding="utf-8")


def _write(root: Path, texts: Mapping[str, str]) -> None:
    root.mkdir()
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def _taken(root: Path) -> UsageError:
    return UsageError(f"{root} is there already, and nothing of it is overwritten. Name a new folder.", uri=str(root))
