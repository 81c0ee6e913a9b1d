"""A tree of files that lies in a folder of this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stages.core.errors import InputError
from stages.datatypes.fault_list import FaultList
from stages.datatypes.tree_file import CHUNK_BYTES, TreeFile, digest_of_chunks
from stages.datatypes.tree_paths import faults_of, is_left_out

MOST_FILES = 500_000
MOST_BYTES = 1 << 40
"""A tree with more is refused before anything of it is read: it is more likely `/` than a dataset."""


@dataclass(frozen=True)
class InFolder:
    """The place of files that lie below a folder."""

    root: str

    @property
    def named(self) -> str:
        """See Place."""
        return self.root

    def chunks(self, file: TreeFile) -> Iterator[bytes]:
        """See Place."""
        path = os.path.join(self.root, file.path)
        try:
            yield from chunks_of(path)
        except OSError as error:
            problem = f"{path} cannot be read any more: {error.strerror}. Put it back, or run again."
            raise InputError(problem, uri=path) from error

    def changed(self, file: TreeFile, found: str) -> InputError:
        """See Place."""
        path = os.path.join(self.root, file.path)
        return InputError(f"{path} has changed since its digest was taken: it is {found}. Run again.", uri=path)


def chunks_of(path: str) -> Iterator[bytes]:
    """The bytes of a regular file; of anything else an OSError, and no wait for one that writes into a pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is no regular file", path)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def files_in(folder: Path, leave_out: Callable[[str], bool] = is_left_out) -> list[TreeFile]:
    """Every file below a folder, in order, with the digest of its content. Empty folders do not count.

    Files of a name that is to be left out are. A link counts as the file it leads to, if that lies in the folder too.
    Raises InputError that names everything that stands in the way.
    """
    root = _root(folder)
    faults = FaultList(str(folder), "cannot be taken as a tree of files")
    found = dict(_walk(root, leave_out, faults))
    for path, why in faults_of(found):
        faults.add(why, path.encode(errors="backslashreplace").decode())
    if not found and not faults.count:
        faults.add("it holds no file")
    faults.refuse()
    place = InFolder(root)
    return [_digested(root, path, place) for path in sorted(found)]


def file_at(path: Path) -> TreeFile:
    """A single file, as a tree that holds nothing else. Raises InputError."""
    if stat.S_ISDIR(_mode(path)):
        raise InputError(f"{path} is a folder; expected one file.", uri=str(path))
    for name, why in faults_of([path.name]):
        raise InputError(f"{path}: {name!r} {why}.", uri=str(path))
    return _digested(str(path.parent), path.name, InFolder(str(path.parent)))


def _root(folder: Path) -> str:
    if not stat.S_ISDIR(_mode(folder)):
        problem = f"{folder} is no folder; expected one with the files in it, such as {folder.parent}."
        raise InputError(problem, uri=str(folder))
    return os.path.realpath(folder)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        raise InputError(f"{path} is not there. Check the path.", uri=str(path)) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Check the path.", uri=str(path)) from error


def _walk(root: str, leave_out: Callable[[str], bool], faults: FaultList) -> Iterator[tuple[str, int]]:
    """Paths and sizes, in no order. What is no file is told."""
    open_folders, count, size = [""], 0, 0
    while open_folders:
        folder = open_folders.pop()
        for entry in _entries(root, folder, faults):
            path = f"{folder}{entry.name}"
            if leave_out(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                open_folders.append(f"{path}/")
            elif (bytes_ := _size(root, entry, path, faults)) is not None:
                count, size = count + 1, size + bytes_
                _refuse_more_than_can_be(root, count, size)
                yield path, bytes_


def _entries(root: str, folder: str, faults: FaultList) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(os.path.join(root, folder)) as entries:
            return list(entries)
    except OSError as error:
        faults.add(f"cannot be read: {error.strerror}; check its permissions", folder or ".")
        return []


def _size(root: str, entry: os.DirEntry[str], path: str, faults: FaultList) -> int | None:
    """Bytes of what is a file, or leads to one inside; None where it is told that it is not."""
    if entry.is_symlink() and (why := _fault_of_link(root, entry)) is not None:
        faults.add(why, path)
        return None
    found = entry.stat()
    if stat.S_ISREG(found.st_mode):
        return found.st_size
    faults.add("is a socket, a pipe or a device; only files can be kept", path)
    return None


def _fault_of_link(root: str, entry: os.DirEntry[str]) -> str | None:
    try:
        target = os.path.realpath(entry.path, strict=True)
    except OSError as error:
        return f"is a link that leads nowhere ({error.strerror}); remove it"
    if not target.startswith(os.path.join(root, "")):
        return f"is a link out of the folder, to {target}; put the file itself there (cp -L)"
    return "is a link to a folder; put the folder itself there (cp -RL)" if os.path.isdir(target) else None


def _refuse_more_than_can_be(root: str, count: int, size: int) -> None:
    if count > MOST_FILES or size > MOST_BYTES:
        limit = f"{MOST_FILES:,} files" if count > MOST_FILES else f"{MOST_BYTES >> 30:,} GiB"
        raise InputError(f"{root} holds more than {limit}. Is it the right folder? Else split it.", uri=root)


def _digested(root: str, path: str, place: InFolder) -> TreeFile:
    full = os.path.join(root, path)
    try:
        digest, size = digest_of_chunks(chunks_of(full))
    except OSError as error:
        raise InputError(f"{full} cannot be read: {error.strerror}. Check its permissions.", uri=full) from error
    return TreeFile(path, size, digest, place)
