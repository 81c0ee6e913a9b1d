"""A key that nobody above writes: who might have been meant to write it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from flows.profiles.faults import fault_at
from stages.core.registry import list_stages
from stages.core.suggest import nearest
from stages.documents.faults import Fault

if TYPE_CHECKING:
    from flows.graph.entry_check import CheckedEntry
    from flows.profiles.model import Profile


def missing_key(
    profile: Profile, checked: Sequence[CheckedEntry], place: int, own: str, there: list[str]
) -> Iterator[Fault]:
    """The fault of the entry at `place`, whose `own` read finds nothing among the keys that are `there`.

    An optional read may find nothing; not so one that the profile renames to a key that no entry writes at all.
    """
    item = checked[place]
    assert item.definition is not None
    key = item.entry.reads.get(own, own)
    optional = own in item.definition.io.optional_reads
    if optional and (own not in item.entry.reads or any(_writes(other, key) for other in checked)):
        return
    if any(other.declared is None for other in checked[:place]) and nearest(key, there) is None:
        return  # an entry above is not known for what it is, and may have been meant to write this
    named = f"{key!r} (its {own!r})" if key != own else repr(key)
    yield fault_at(
        item.entry,
        f"reads {named}, which no entry above it writes{_advice(checked, place, key, there)}",
        f"reads.{own}",
    )


def _advice(checked: Sequence[CheckedEntry], place: int, key: str, there: list[str]) -> str:
    off = next((o for o in checked[:place] if not o.entry.enabled and _writes(o, key)), None)
    if off is not None:
        return f"; {off.entry.id!r} does, but is switched off: enable it, or switch this entry off too"
    below = next((o for o in checked[place + 1 :] if _writes(o, key)), None)
    if below is not None:
        return f"; {below.entry.id!r} below does: move it above this entry"
    if _writes(checked[place], key):
        return "; it writes it itself, but needs a first one from above"
    listed = f" There are: {', '.join(sorted(there))}" if there else " There are no keys yet"
    if (close := nearest(key, there)) is not None:
        return f"; did you mean {close!r}?{listed}"
    makers = [d.name for d in list_stages() if key in d.io.writes][:3]
    return (f"; stages that write it: {', '.join(makers)}." if makers else ".") + listed


def _writes(item: CheckedEntry, key: str) -> bool:
    declared = item.declared
    return declared is not None and any(item.entry.writes.get(own, own) == key for own in declared.io.writes)
