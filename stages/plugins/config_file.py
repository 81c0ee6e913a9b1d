"""A plugin's config as it stands in its file, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from os.path import exists, isdir  # no error where a path is impossible or not ours to see
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from stages.core.suggest import nearest
from stages.documents.faults import Fault, in_order
from stages.documents.form import Form
from stages.documents.text_file import is_file, read_file
from stages.documents.yaml_lines import DocumentKind, Part, read_yaml
from stages.plugins.config import ActionConfig, PluginConfig
from stages.plugins.config_doubts import doubts
from stages.plugins.config_words import config_faults
from stages.plugins.faults import refuse

CONFIG_FILE = "config.yaml"
CONFIG = DocumentKind("plugin config", "`name:` and `code:`", "write the values out")


@dataclass(frozen=True)
class ConfigDocument:
    """What a config file holds. `entries` are the actions as they are written, also where `config` is none because
    something is wrong; `lines` are the lines of all parts, by dotted path."""

    file: Path
    config: PluginConfig | None
    faults: list[Fault]
    entries: Mapping[str, Mapping[str, Part]] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def fault(self, path: str, message: str, severity: Literal["error", "warning"] = "error") -> Fault:
        """A fault at a part, in its line or that of the nearest that holds it."""
        at = path
        while at not in self.lines and at:
            at = at.rpartition(".")[0]
        return Fault(message, None, path or None, str(self.file), self.lines.get(at), severity)


def read_config(path: Path | str) -> tuple[PluginConfig | None, list[Fault]]:
    """The config of a plugin's folder, or in a config.yaml, and all that is wrong with it. Raises nothing for what a
    file may hold; there is no config where something in it is an error."""
    document = read_document(path)
    return document.config, document.faults


def load_config(path: Path | str) -> PluginConfig:
    """The config of a plugin's folder, or in a config.yaml. Raises PluginError with every fault and its line."""
    config, faults = read_config(path)
    if config is None or any(fault.severity == "error" for fault in faults):
        raise refuse(str(path), faults)
    return config


def config_path(path: Path | str) -> Path:
    """The config of a plugin, given its folder or the file itself."""
    path = Path(path)
    is_config = is_file(path) or (path.suffix in (".yaml", ".yml") and not isdir(path))
    return path if is_config else path / CONFIG_FILE


def read_document(path: Path | str) -> ConfigDocument:
    """A config with the lines of its parts."""
    file = config_path(path)
    text, fault = read_file(file, CONFIG.word)
    if text is None:
        return ConfigDocument(file, None, [_missing(file) or fault] if fault else [])
    document, faults = read_yaml(text, str(file), CONFIG)
    form = Form(str(file), faults)
    if document is None:
        return ConfigDocument(file, None, faults)
    if not isinstance(document.value, dict):
        form.wrong(document, "", f"a {CONFIG.word}: a mapping with `name:` and `code:`")
        return ConfigDocument(file, None, faults)
    return _document(file, form, document)


def _missing(file: Path) -> Fault | None:
    """Why there is no file, said for a plugin's folder."""
    if is_file(file) or file.name != CONFIG_FILE or isdir(file):
        return None
    if not isdir(file.parent):
        what = "is neither a plugin's folder nor a file" if exists(file.parent) else "there is no such folder"
        return Fault(what, file=str(file.parent))
    other = file.with_suffix(".yml")
    hint = f"; rename {other.name} to {CONFIG_FILE}" if is_file(other) else f"; a plugin's folder needs a {CONFIG_FILE}"
    return Fault(f"there is no such file{hint} with `name:`, `code:` and `actions:`", file=str(file))


def _document(file: Path, form: Form, document: Part) -> ConfigDocument:
    entries = _entries(document.value.get("actions"))
    given = _given(form, document.value, entries)
    lines = document.lines()
    read = ConfigDocument(file, None, form.faults, entries, lines)
    read.faults.extend(read.fault(path, text, "warning") for path, text in doubts(given))
    config = None
    try:
        config = PluginConfig.model_validate(given)
    except ValidationError as error:
        read.faults.extend(read.fault(path, text) for path, text in config_faults(error, given))
    usable = not any(fault.severity == "error" for fault in read.faults)
    return replace(read, config=config if usable else None, faults=in_order(read.faults, str(file)))


def _entries(actions: Part | None) -> dict[str, dict[str, Part]]:
    """The actions that are written as mappings, or as nothing yet."""
    if actions is None or not isinstance(actions.value, dict):
        return {}
    written = {key: part.value for key, part in actions.value.items()}
    return {key: value or {} for key, value in written.items() if value is None or isinstance(value, dict)}


def _given(form: Form, parts: Mapping[str, Part], entries: Mapping[str, Mapping[str, Part]]) -> dict[str, Any]:
    """What the file says, as the model takes it: without keys that mean nothing and keys that hold nothing."""
    known = _known(form, parts, tuple(PluginConfig.model_fields), "", "of a plugin config")
    given = {key: part.plain() for key, part in known.items() if part.value is not None}
    if "env" in given and isinstance(parts["env"].value, dict):
        given["env"] = {key: part.written if part.written else part.plain() for key, part in parts["env"].value.items()}
    if isinstance(given.get("actions"), dict):
        given["actions"] |= {key: _action(form, key, entry, parts["actions"]) for key, entry in entries.items()}
    return given


def _action(form: Form, key: str, entry: Mapping[str, Part], actions: Part) -> dict[str, Any]:
    path = f"actions.{key}"
    known = _known(form, entry, tuple(ActionConfig.model_fields), f"{path}.", "of an action")
    given = {name: part.plain() for name, part in known.items() if part.value is not None}
    if (own := given.pop("name", key)) != key:
        form.fault(f"the action {key!r} calls itself {own!r}; leave `name` out", entry["name"], f"{path}.name")
    if "entrypoint" not in given:
        hint = "write `module:Class`, or run `stagewright plugin sync`"
        message = f"says where the action's code is, and is not there; {hint}"
        form.fault(message, actions.value[key], f"{path}.entrypoint")
    return given


def _known(form: Form, parts: Mapping[str, Part], names: tuple[str, ...], path: str, what: str) -> dict[str, Part]:
    for key in (key for key in parts if key not in names):
        close = nearest(key, names)
        hint = f"; did you mean {close!r}?" if close else "."
        message = f"unknown key {key!r} {what} is passed over{hint} Known are: {', '.join(names)}"
        form.faults.append(Fault(message, None, f"{path}{key}", form.file, parts[key].line, "warning"))
    return {key: part for key, part in parts.items() if key in names}
