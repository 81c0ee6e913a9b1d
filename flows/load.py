"""Profiles from names, files and texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from flows.profiles.extend import build_profile
from flows.profiles.faults import refuse
from flows.profiles.ids import id_faults
from flows.profiles.model import Profile
from flows.profiles.profile_files import (
    SUFFIXES,
    find_profile,
    is_path,
    known_names,
    profile_files,
)
from flows.profiles.profile_form import ProfileDraft, read_draft
from stages.core.errors import ProfileError
from stages.core.suggest import did_you_mean
from stages.documents.faults import Fault, in_order
from stages.documents.text_file import MAX_BYTES, is_file, read_file


@dataclass(frozen=True)
class ProfileInfo:
    """A profile as a list of them shows it. `hidden_by` is the file that is taken when its name is asked for."""

    name: str
    label: str
    description: str
    file: str
    faults: tuple[Fault, ...] = ()
    hidden_by: str | None = None

    @property
    def fault(self) -> str | None:
        """What is wrong with it, in one text."""
        return "; ".join(map(str, self.faults)) or None

    def to_json(self) -> dict[str, Any]:
        """As `--json` shows it."""
        return {**vars(self), "faults": [fault.to_json() for fault in self.faults]}


def load_profile(name_or_file: str | Path, folders: Sequence[Path] = ()) -> Profile:
    """The profile of a name, or in a file. Names are looked up in `folders`, then among the shipped profiles.

    Raises ProfileError with every fault of the file; where its form has some, with those that checking finds, too.
    """
    return _whole(str(name_or_file), *read_profile(name_or_file, folders))


def parse_profile(text: str, file: str | Path = "", folders: Sequence[Path] = ()) -> Profile:
    """The profile that a text is; `file` is what faults name and `extends` is relative to. Raises ProfileError."""
    faults: list[Fault] = []
    if len(text.encode(errors="replace")) > MAX_BYTES:
        faults.append(Fault(f"is larger than {MAX_BYTES:,} bytes, which no profile needs", file=str(file), line=1))
        return _whole(str(file), None, faults)
    profile = _Reading(folders, faults).text(text.removeprefix("\ufeff"), str(file))
    faults += id_faults(profile) if profile else ()
    return _whole(str(file), profile, faults)


def read_profile(name_or_file: str | Path, folders: Sequence[Path] = ()) -> tuple[Profile | None, list[Fault]]:
    """What can be read of a profile, and what is wrong with its form. Raises ProfileError for an unknown name."""
    faults: list[Fault] = []
    profile = _Reading(folders, faults).file(_locate(name_or_file, folders))
    return profile, faults + list(id_faults(profile) if profile else ())


def list_profiles(folders: Sequence[Path] = ()) -> list[ProfileInfo]:
    """All profiles: of one's own folders, then the shipped ones. One that is broken is listed with its faults."""
    listed: list[ProfileInfo] = []
    taken: dict[str, str] = {}
    for path in profile_files(folders):
        profile, faults = read_profile(path, folders)
        profile = profile or Profile(path.stem, ())
        hidden_by = taken.setdefault(profile.name, str(path))
        hidden = hidden_by if hidden_by != str(path) else None
        listed.append(
            ProfileInfo(profile.name, profile.label, profile.description, str(path), tuple(faults), hidden_by=hidden)
        )
    return listed


def _locate(name_or_file: str | Path, folders: Sequence[Path]) -> Path:
    if isinstance(name_or_file, Path) or is_path(name_or_file):
        return Path(name_or_file)
    if (found := find_profile(name_or_file, folders)) is not None:
        return found
    if is_file(Path(name_or_file)):
        return Path(name_or_file)
    message = f"There is no profile {name_or_file!r}{did_you_mean(name_or_file, known_names(folders))}"
    raise ProfileError(message, profile=name_or_file, faults=[Fault(message)])


def _whole(asked: str, profile: Profile | None, faults: list[Fault]) -> Profile:
    if profile is not None and not faults:
        return profile
    if profile is not None:
        from flows.graph.check import examine  # only now: to read a profile that is in order takes no stages

        of_graph = [fault for fault in examine(profile).faults if fault.severity == "error"]
        faults = in_order([*faults, *of_graph], profile.file)
    raise refuse(profile.name if profile else asked, faults)


class _Reading:
    """Follows a file and what it extends. `chain` are the files that led here, to notice a circle."""

    def __init__(self, folders: Sequence[Path], faults: list[Fault], chain: tuple[Path, ...] = ()) -> None:
        self.folders, self.faults, self.chain = folders, faults, chain

    def file(self, path: Path) -> Profile | None:
        text, fault = read_file(path, "profile")
        if text is None:
            self.faults += [fault] if fault else []
            return None
        return self.text(text, str(path))

    def text(self, text: str, file: str) -> Profile | None:
        draft, faults = read_draft(text, file)
        self.faults += faults
        if draft is None:
            return None
        parent = self._parent(draft, draft.extends) if draft.extends else None
        if draft.extends and parent is None:
            return None  # half a profile would only bring faults that are none
        return build_profile(draft, parent, self.faults)

    def _parent(self, draft: ProfileDraft, extends: str) -> Profile | None:
        here = Path(draft.file).resolve() if draft.file else None
        try:
            parent = self._beside(extends, here) if is_path(extends) else self._named(extends, here)
            chain = self._lengthened(here, parent)
        except _Refused as error:
            self.faults.append(Fault(str(error), None, "extends", draft.file or None, draft.lines.get("extends")))
            return None
        return _Reading(self.folders, self.faults, chain).file(parent)

    def _lengthened(self, here: Path | None, parent: Path) -> tuple[Path, ...]:
        chain = (*self.chain, here) if here else self.chain
        if parent.resolve() in chain:
            circle = [*chain[chain.index(parent.resolve()) :], parent]
            raise _Refused(f"the profiles extend one another in a circle: {' -> '.join(p.name for p in circle)}")
        return chain

    def _beside(self, extends: str, here: Path | None) -> Path:
        """A file relative to this one. What lies outside its folder is refused, wherever links lead."""
        if here is None:
            raise _Refused(f"{extends!r} is relative to a file, and this text is in none; name a profile")
        relative = PurePosixPath(extends.replace("\\", "/"))
        target = here.parent / relative
        if relative.is_absolute() or not target.resolve().is_relative_to(here.parent):
            raise _Refused(f"{extends!r} leaves the folder of this profile; put the file beside it, or name a profile")
        if not is_file(target):
            raise _Refused(f"there is no file {extends!r} beside this one")
        return target

    def _named(self, extends: str, here: Path | None) -> Path:
        """A sibling or a known profile; never this very file, so that one's own may extend the shipped one it hides."""
        beside = [here.with_name(extends + suffix) for suffix in SUFFIXES] if here else []
        found = next((path for path in beside if path != here and is_file(path)), None)
        found = found or find_profile(extends, self.folders, but=here)
        if found is None:
            raise _Refused(f"there is no profile {extends!r}{did_you_mean(extends, known_names(self.folders))}")
        return found


class _Refused(Exception):
    """Why a profile cannot be extended."""
