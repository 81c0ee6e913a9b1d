"""Names of entries: each once, and `needs` only of what stands above."""

from __future__ import annotations

from collections.abc import Iterator

from flows.profiles.faults import fault_at
from flows.profiles.model import Profile, StageEntry
from stages.core.suggest import did_you_mean
from stages.documents.faults import Fault

RESERVED = ("enabled", "refresh", "job_id", "self", "wait_for", "return_state")
"""Parameters that every flow has, ours and Prefect's, beside one for each input and each entry."""


def id_faults(profile: Profile) -> Iterator[Fault]:
    """Two entries of one id, an entry of the id of an input, and names that no parameter of a flow can have."""
    for key in profile.inputs:
        if problem := _unusable(key):
            file, line = profile.place(f"inputs.{key}")
            yield Fault(f"{problem}; give the input another name", None, f"inputs.{key}", file, line)
    first: dict[str, StageEntry] = {}
    for entry in (entry for entry in profile.stages if entry.id):
        known = first.setdefault(entry.id, entry)
        if entry.id in profile.inputs:
            yield fault_at(entry, f"an input is called {entry.id!r} too; give this entry another `id`", "id")
        if problem := _unusable(entry.id):
            yield fault_at(entry, f"{problem}; give this entry another `id`", "id")
        if known is not entry:
            where = f" (line {line})" if (line := known.place()[1]) else ""
            same = f"the stage {entry.stage!r} stands here twice" if known.stage == entry.stage else "the id is taken"
            yield fault_at(entry, f"{same}; the first is above{where}. Give this one an `id` of its own", "id")


def _unusable(name: str) -> str | None:
    """Why a parameter of a flow cannot be called so."""
    if name in RESERVED:
        return f"{name!r} is a parameter of every flow"
    begins = name.startswith(("_", "model_"))
    return f"{name!r} begins with '_' or 'model_', which no parameter of a flow may" if begins else None


def need_faults(profile: Profile) -> Iterator[Fault]:
    """`needs` that name nothing, the entry itself, or what stands below it."""
    ids = [entry.id for entry in profile.stages]
    for place, entry in enumerate(profile.stages):
        for need in entry.needs:
            if need == entry.id:
                yield fault_at(entry, "needs itself; `needs` names entries above this one", "needs")
            elif need in ids[place:]:
                yield fault_at(entry, f"needs {need!r}, which stands below it; move {need!r} above this entry", "needs")
            elif need not in ids:
                yield fault_at(entry, f"needs {need!r}, which is no entry{did_you_mean(need, ids[:place])}", "needs")
