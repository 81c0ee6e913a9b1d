"""Making profiles of drafts: alone, or over the profile that a draft extends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flows.profiles.deploy import Deploy
from flows.profiles.entry_form import EntryDraft
from flows.profiles.model import Profile, StageEntry
from flows.profiles.profile_form import ProfileDraft
from stages.core.suggest import did_you_mean
from stages.documents.faults import Fault

_MERGED = ("config", "reads", "writes", "resources")
_OF_THE_STAGE = ("config", "reads", "writes")


def build_profile(draft: ProfileDraft, parent: Profile | None, faults: list[Fault]) -> Profile:
    """The whole profile. Settings are joined entry by entry and field by field; faults are added to the list.

    An entry that could not be read stays as one without a stage, so that checking knows that something is missing.
    """
    joining = _Joining(draft, parent, faults)
    for entry in draft.entries:
        joining.add(entry)
    own = {key: value for key in ("label", "description", "inputs") if (value := getattr(draft, key)) is not None}
    base = replace(parent, **own) if parent else Profile(draft.name, (), **own)
    files = {path: base.files.get(path, base.file) for path in base.lines.keys() - draft.lines.keys()}
    return replace(
        base,
        name=draft.name,
        deploy=draft.deploy or Deploy(),
        stages=tuple(joining.entries),
        file=draft.file,
        lines={**base.lines, **draft.lines},
        files=files,
    )


class _Joining:
    def __init__(self, draft: ProfileDraft, parent: Profile | None, faults: list[Fault]) -> None:
        self.draft, self.parent, self.faults = draft, parent, faults
        self.entries = list(parent.stages) if parent else []
        self._added: set[str] = set()

    def add(self, draft: EntryDraft | None) -> None:
        if draft is None:
            self.entries.append(StageEntry("", "", file=self.draft.file))
            return
        base = self._base(draft)
        if base is None and draft.stage is None:
            self._fault(draft, self._no_stage(draft.id), "stage")
        entry = _entry(draft, self.draft.file, base or StageEntry(draft.id, draft.stage or ""))
        self._added.add(draft.id)
        self._put(draft, entry, base)

    def _base(self, draft: EntryDraft) -> StageEntry | None:
        known = self.parent.entry(draft.id) if self.parent else None
        return known if draft.id not in self._added else None  # twice in one file: the second is one of its own

    def _put(self, draft: EntryDraft, entry: StageEntry, base: StageEntry | None) -> None:
        index = len(self.entries) if base is None else self.entries.index(base)
        if base is not None:
            del self.entries[index]
        if draft.at is not None:
            index = self._index(draft, index)
        self.entries.insert(index, entry)

    def _index(self, draft: EntryDraft, index: int) -> int:
        assert draft.at is not None
        where, id = draft.at
        ids = [entry.id for entry in self.entries]
        if self.parent is None:
            text = f"`{where}` places an entry among those of an extended profile, and this one extends none; "
            self._fault(draft, text + "put the entry where it belongs (for order without data there is `needs`)", where)
        elif id not in ids:
            self._fault(draft, f"there is no entry {id!r} to stand {where}{did_you_mean(id, ids)}", where)
        else:
            return ids.index(id) + (where == "after")
        return index

    def _no_stage(self, id: str) -> str:
        if self.parent is None:
            return "an entry without `stage:`; say which stage"
        ids = [entry.id for entry in self.parent.stages]
        return f"an entry without `stage:`, and {self.parent.name!r} has no entry {id!r}{did_you_mean(id, ids)}"

    def _fault(self, draft: EntryDraft, message: str, field: str) -> None:
        line = draft.lines.get(field, draft.lines.get(""))
        self.faults.append(Fault(message, draft.id, field, self.draft.file, line))


def _entry(draft: EntryDraft, file: str, base: StageEntry) -> StageEntry:
    """The entry: what the draft gives over what the base has. Settings of another stage are not taken over."""
    if draft.stage not in (None, base.stage) and not (draft.short and base.id == draft.id):
        lines = {p: n for p, n in base.lines.items() if p.partition(".")[0] not in _OF_THE_STAGE}
        base = replace(base, stage=draft.stage, config={}, reads={}, writes={}, lines=lines)
    files = {path: base.files.get(path, base.file) for path in base.lines.keys() - draft.lines.keys()}
    given = {key: _joined(key, value, base) for key, value in draft.given.items()}
    return replace(base, **given, lines={**base.lines, **draft.lines}, file=file, files=files)


def _joined(key: str, value: Any, base: StageEntry) -> Any:
    if value is None:
        return getattr(_PLAIN, key)
    if key not in _MERGED:
        return value
    before: Mapping[str, Any] = getattr(base, key)
    return {**before, **value}


_PLAIN = StageEntry("", "")
"""What an entry has where nothing is given."""
