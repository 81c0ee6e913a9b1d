"""Writing files below a folder, and nowhere else."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import groupby
from pathlib import Path

from stages.core.errors import UsageError
from stages.datatypes.tree_file import TreeFile, digest_of_chunks
from stages.datatypes.tree_folder import chunks_of
from stages.datatypes.tree_paths import faults_of
from stages.datatypes.tree_reading import in_shard_order, shard_of

WRITERS = 4


def unpack(files: Iterable[TreeFile], folder: Path) -> Path:
    """Write files below a folder, which is made if it is not there; gives its absolute path.

    A file is there whole or not at all. What is there already with the same content stays; other files are left alone.
    Raises UsageError where the folder is none, or a link in it would lead elsewhere.
    """
    root = Path(os.path.abspath(folder))
    wanted = sorted(files, key=lambda file: file.path)
    for path, why in faults_of([file.path for file in wanted]):
        raise UsageError(f"{path!r} {why}; nothing is written.", path=path)
    _make_folders(root, wanted)
    missing = [file for file in wanted if not _is_there(root, file)]
    with ThreadPoolExecutor(WRITERS) as pool:
        for _ in pool.map(lambda some: _write_some(root, some), _portions(missing)):
            pass
    return root


def _make_folders(root: Path, files: list[TreeFile]) -> None:
    """Make the folders of all files. What stands there instead, a link too, is refused: it would lead elsewhere."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        for folder in sorted({os.path.dirname(file.path) for file in files}):
            path = str(root)
            for part in folder.split("/") if folder else []:
                path = os.path.join(path, part)
                with suppress(FileExistsError):
                    os.mkdir(path)
                if not stat.S_ISDIR(os.lstat(path).st_mode):
                    raise UsageError(f"{path} is a link or a file, not a folder. Unpack into another folder.", uri=path)
    except OSError as error:
        problem = f"{root} cannot be written to: {error.strerror}. Name another folder."
        raise UsageError(problem, uri=str(root)) from error


def _portions(files: list[TreeFile]) -> Iterator[list[TreeFile]]:
    """Files that one thread writes: those of one shard, or one file."""
    for shard, some in groupby(files, shard_of):
        if shard is None:
            yield from ([file] for file in some)
        else:
            yield list(some)


def _is_there(root: Path, file: TreeFile) -> bool:
    path = os.path.join(root, file.path)
    try:
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_size != file.size:
            return False
        return digest_of_chunks(chunks_of(path))[0] == file.digest
    except OSError:
        return False


def _write_some(root: Path, files: list[TreeFile]) -> None:
    if len(files) == 1:
        _write(root, files[0], files[0].chunks())
        return
    for file, content in in_shard_order(files):
        _write(root, file, iter([content]))


def _write(root: Path, file: TreeFile, chunks: Iterator[bytes]) -> None:
    path = os.path.join(root, file.path)
    descriptor, part = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".part-")
    try:
        with os.fdopen(descriptor, "wb") as opened:
            for chunk in chunks:
                opened.write(chunk)
            os.fchmod(descriptor, 0o644)
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise
