"""A plugin's config brought up to its code: new actions are added and entry points mended; nothing is removed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.core.errors import PluginError
from stages.documents.faults import Fault
from stages.documents.text_file import is_file, read_file
from stages.documents.yaml_lines import Part, read_yaml
from stages.plugins.config_edit import edited
from stages.plugins.config_file import CONFIG, CONFIG_FILE, config_path, read_document
from stages.plugins.entry_code import locate_action
from stages.plugins.faults import refuse
from stages.plugins.reading_code import FoundAction, actions_of
from stages.plugins.replace_file import replace_file
from stages.plugins.source_tree import SourceTree


@dataclass(frozen=True)
class SyncReport:
    """What a sync did, by the names of actions in the config. `without_code`: their entry points lead nowhere and no
    action of their name was found; they are left for a person to decide. `changed`: whether the file is other than
    before (or, in a dry run, would be). `faults`: what is wrong with the code, and so was not looked at."""

    added: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    without_code: tuple[str, ...] = ()
    changed: bool = False
    faults: tuple[Fault, ...] = ()


def sync_config(path: Path | str, *, dry_run: bool = False) -> SyncReport:
    """Add to the config what actions the code has (those of entry points that it lists are known by any name), and
    mend entry points that lead nowhere where an action of the entry's name is elsewhere. All else of the file stays as
    it is, to the character. A folder with actions and without a config gets one, named after the folder.

    Raises PluginError where the config cannot be read, changed or written, and then has changed nothing.
    """
    file = config_path(path)
    tree = SourceTree(file.parent, _wheels_dir(file))
    text = _text(file) if is_file(file) else _new_config(file, tree)
    plan = _Plan(tree, _actions(text, file))
    changed = edited(text, str(file), plan.added, plan.mended)
    if (changed != text or not is_file(file)) and not dry_run:
        replace_file(file, changed)
    return plan.report(changed != text or not is_file(file))


class _Plan:
    """What is to change in the entries of a config."""

    def __init__(self, tree: SourceTree, entries: Mapping[str, Part]) -> None:
        self._tree = tree
        actions, self._faults = actions_of(tree)
        self._by_name = _unique(actions)
        self.mended: dict[str, str] = {}
        self._without_code: list[str] = []
        listed = {self._entrypoint(key, part) for key, part in entries.items()}
        new = (a for a in self._by_name.values() if a.entrypoint not in listed and a.name not in entries)
        self.added = {action.name: _entry(action) for action in new}

    def report(self, changed: bool) -> SyncReport:
        return SyncReport(
            tuple(self.added), tuple(self.mended), tuple(self._without_code), changed, tuple(self._faults)
        )

    def _entrypoint(self, key: str, part: Part) -> str | None:
        """The action that an entry is of; mended where what it says leads nowhere."""
        if not isinstance(part.value, dict | None):
            return None  # no entry that could be mended; checking says so
        old = (part.value or {}).get("entrypoint")
        if old is not None and isinstance(old.value, str) and old.value.strip():
            located = locate_action(self._tree, old.value)
            if located.action is not None or not located.lost:
                return located.action.entrypoint if located.action else None
        if key not in self._by_name:
            self._without_code.append(key)
            return None
        self.mended[key] = self._by_name[key].entrypoint
        return self.mended[key]


def _unique(actions: Iterable[FoundAction]) -> dict[str, FoundAction]:
    """Actions by name; two of one name are none, as nobody can say which is meant."""
    found: dict[str, list[FoundAction]] = {}
    for action in actions:
        found.setdefault(action.name, []).append(action)
    return {name: same[0] for name, same in found.items() if len(same) == 1}


def _entry(action: FoundAction) -> dict[str, str]:
    types = {"input_type": action.input_type, "output_type": action.output_type}
    known = {key: name for key, name in types.items() if name and name.isprintable()}
    return {"entrypoint": action.entrypoint, "method": "task", **known}


def _wheels_dir(file: Path) -> str:
    config = read_document(file).config
    return config.wheels_dir if config else "wheels"


def _text(file: Path) -> str:
    text, fault = read_file(file, CONFIG.word)
    if text is None:
        raise refuse(str(file.parent), [fault] if fault else [])
    return text


def _actions(text: str, file: Path) -> dict[str, Part]:
    """The entries of a config that can be read and changed."""
    document, faults = read_yaml(text, str(file), CONFIG)
    if document is None or faults:
        raise refuse(str(file.parent), faults)
    top: Any = document.value
    actions = top.get("actions") if isinstance(top, dict) else None
    if not isinstance(top, dict) or (actions is not None and not isinstance(actions.value, dict | None)):
        line, field = (actions.line, "actions") if actions is not None else (document.line, None)
        raise refuse(str(file.parent), [Fault("expected a mapping", None, field, str(file), line)])
    return (actions.value or {}) if actions is not None else {}


def _new_config(file: Path, tree: SourceTree) -> str:
    if file.name != CONFIG_FILE or not file.parent.is_dir() or not actions_of(tree)[0]:
        raise refuse(str(file.parent), read_document(file).faults)
    inside = sorted(path.parent for path in file.parent.glob(f"*/{CONFIG_FILE}"))
    if plugins := [folder.name for folder in inside if read_document(folder).config is not None]:
        listed = ", ".join(plugins)
        raise PluginError(f"{file.parent} holds plugins ({listed}) and is none itself; name one of them.")
    name = file.parent.resolve().name
    code = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()
    code = code if code[:1].isalpha() else f"plugin-{code}".rstrip("-")
    if len(code) > 64:
        raise PluginError(f"{file.parent}: the folder's name is too long for a plugin's code; write a {CONFIG_FILE}.")
    label = json.dumps(name if name.isprintable() and name else code, ensure_ascii=False)
    return f'name: {label}\ncode: {code}\nversion: "0.1.0"\ncategory: custom\n'
