"""Which paths a tree of files may have: those that lie below any folder, on any system, without meeting each other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

MOST_BYTES = 1024
_MOST_PART_BYTES = 255
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE | re.DOTALL)
_LEFT_OUT = {
    ".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX", "__pycache__", ".git", ".ipynb_checkpoints",
}  # fmt: skip


def is_left_out(name: str) -> bool:
    """Whether a file or folder of this name is what systems and tools leave behind, and no content. Other hidden files
    are content."""
    return name in _LEFT_OUT or name.startswith("._")


def fault_of(path: str) -> str | None:
    """Why a path cannot be one of a tree, if it cannot."""
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return "is a name that is not UTF-8; rename it"
    if not path or path.startswith("/") or re.match("[A-Za-z]:[/\\\\]", path):
        return "is no path below a folder; a path here begins with a name"
    if size > MOST_BYTES:
        return f"is a path of {size} bytes; at most {MOST_BYTES} can be kept"
    return next((fault for part in path.split("/") if (fault := _fault_of_part(part))), None)


def _fault_of_part(part: str) -> str | None:
    if part in ("", ".", ".."):
        return f"has the part {part!r}, which is no name; write the path without it"
    if any(unicodedata.category(sign) == "Cc" for sign in part) or "\\" in part:
        return "has a backslash or a control character; rename it"
    if len(part.encode()) > _MOST_PART_BYTES:
        return f"has a part of more than {_MOST_PART_BYTES} bytes; shorten it"
    if part[-1] in " ." or _DEVICE.fullmatch(part):
        return f"has the part {part!r}, which not every system can have as a name; rename it"
    return None


def faults_of(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with paths that are to lie in one folder: (path, why), also where two of them would meet."""
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for path in paths:
        if (fault := fault_of(path)) is not None:
            yield path, fault
            continue
        folded = _folded(path)
        if (other := files.setdefault(folded, path)) is not path:
            yield path, f"would meet {other!r} where case does not count; rename one"
        while "/" in folded:
            folded = folded.rpartition("/")[0]
            folders.setdefault(folded, path)
    for folded in files.keys() & folders.keys():
        yield files[folded], f"would be both a file and the folder of {folders[folded]!r}; rename one"


def _folded(path: str) -> str:
    """The same for two names that one file system or another takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
