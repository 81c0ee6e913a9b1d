"""A profile's document: its heading and its entries, before it is joined with the profile it extends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from flows.profiles.deploy import Deploy
from flows.profiles.deploy_form import read_deploy
from flows.profiles.entry_form import EntryDraft, read_entry
from stages.documents.faults import Fault
from stages.documents.form import Form
from stages.documents.yaml_lines import DocumentKind, Part, read_yaml

KEYS = ("name", "label", "description", "inputs", "stages", "extends", "deploy")
PROFILE = DocumentKind("profile", "`name:` and `stages:`", "write the settings out, or use `extends`")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*([_-][A-Za-z0-9]+)*")


@dataclass(frozen=True)
class ProfileDraft:
    """A profile as its file gives it. None is what the file does not say; `lines` as in Profile."""

    name: str
    label: str | None = None
    description: str | None = None
    inputs: Mapping[str, str] | None = None
    entries: tuple[EntryDraft | None, ...] = ()
    extends: str | None = None
    deploy: Deploy | None = None
    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)


def read_draft(text: str, file: str) -> tuple[ProfileDraft | None, list[Fault]]:
    """What a text says as a profile, and every fault of its form; no draft where it is no mapping at all."""
    document, faults = read_yaml(text, file, PROFILE)
    form = Form(file, faults)
    if document is None:
        return None, faults
    if not isinstance(document.value, dict):
        form.wrong(document, "", "a profile: a mapping with `name:` and `stages:`")
        return None, faults
    return _draft(form, document), faults


def _draft(form: Form, document: Part) -> ProfileDraft:
    parts: dict[str, Part] = document.value
    for key in (key for key in parts if key not in KEYS):
        form.unknown(key, parts[key], KEYS, "of a profile")
    draft = ProfileDraft(
        name=_name(form, document),
        label=_text(form, parts, "label"),
        description=_text(form, parts, "description"),
        inputs=_inputs(form, parts["inputs"]) if "inputs" in parts else None,
        extends=form.text(parts["extends"], "extends") if "extends" in parts else None,
        deploy=read_deploy(form, parts["deploy"]) if "deploy" in parts else None,
        entries=_entries(form, document),
        file=form.file,
        lines=_lines(document),
    )
    form.stage = None
    return draft


def _name(form: Form, document: Part) -> str:
    part = document.value.get("name")
    name = form.text(part, "name") if part else PurePath(form.file).stem
    if name and not NAME.fullmatch(name):
        whence = "" if part else ", and so the file's name gives none: write a `name:`"
        form.fault(
            f"{name!r} is no name: letters, digits, and single '-' or '_' between{whence}", part or document, "name"
        )
    elif not name and not part:
        form.fault("has no `name:`", document, "name")
    return name or PurePath(form.file).stem


def _text(form: Form, parts: Mapping[str, Part], key: str) -> str | None:
    if key not in parts:
        return None
    return "" if parts[key].value in (None, "") else form.text(parts[key], key)


def _inputs(form: Form, part: Part) -> dict[str, str]:
    inputs = {}
    for key, kind in form.mapping(part, "inputs", "a mapping of keys to data types, like {video: Video}").items():
        named = form.name(Part(key, kind.line), f"inputs.{key}")
        data_type = "" if kind.value is None else form.text(kind, f"inputs.{key}")
        if named is not None and data_type is not None:
            inputs[named] = data_type
    return inputs


def _entries(form: Form, document: Part) -> tuple[EntryDraft | None, ...]:
    part = document.value.get("stages")
    if part is None or part.value is None or part.value == []:
        if "extends" not in document.value:
            form.fault("has no stages; list them under `stages:`", part or document, "stages")
        return ()
    if isinstance(part.value, list):
        return tuple(read_entry(form, entry) for entry in part.value)
    form.wrong(part, "stages", "a list; put '- ' before each entry")
    return ()


def _lines(document: Part) -> dict[str, int]:
    heading = {key: part for key, part in document.value.items() if key != "stages"}
    listed = {"stages": document.value["stages"].line} if "stages" in document.value else {}
    return Part(heading, document.line).lines() | listed
