"""A plugin's folder as one file, the same bytes wherever and whenever it is packed, and back into a folder."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from stages.core.digests import digest_of
from stages.core.errors import PluginError, UsageError
from stages.datatypes.tree_paths import faults_of
from stages.plugins.config_file import CONFIG_FILE, config_path, load_config
from stages.plugins.package_files import MOST_BYTES, MOST_FILES, files_of

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_OVERHEAD = 2_600
"""Bytes that a zip may need for a file beside its content: its name, twice, of at most 1,024 bytes, and its fields."""
_UNREADABLE = (zipfile.BadZipFile, OSError, ValueError, EOFError, RuntimeError, NotImplementedError)


@dataclass(frozen=True)
class PluginPackage:
    """A plugin to be sent elsewhere.

    digest  `sha256:…` of `data`, which is a zip without compression: then its bytes depend on nothing but the files
    files   the paths in it, in order
    """

    code: str
    version: str
    digest: str
    data: bytes = field(repr=False)
    files: tuple[str, ...] = field(repr=False)


def package_plugin(folder: Path | str) -> PluginPackage:
    """The plugin in a folder, packed: without what is hidden, caches, virtual environments and packages made before.

    Its code is not looked at: `check_plugin` does that. Raises PluginError that names all that stands in the way.
    """
    config, root = load_config(folder), config_path(folder).parent
    files = files_of(root, config.code)
    data = _packed((path, _read(root, path)) for path in files)
    return PluginPackage(config.code, config.version, digest_of(data), data, tuple(files))


def unpack_package(data: bytes, folder: Path | str) -> Path:
    """Write a package's files below a folder that is not there yet, or empty; gives its absolute path.

    It is there whole or not at all, also when several unpack it at once. A folder that holds just this package already
    is left as it is. Raises PluginError for what is no sound package, UsageError where something else is there.
    """
    root = Path(os.path.abspath(folder))
    contents = _contents(data)
    if _is_taken(root):
        return _same(root, data)
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root.parent, prefix=".part-") as part:
            _write(Path(part, root.name), contents)
            try:
                os.rename(Path(part, root.name), root)
            except OSError:
                if not _is_taken(root):
                    raise
                return _same(root, data)  # another was faster
    except OSError as error:
        problem = f"{root} cannot be written: {error.strerror}. Name another folder."
        raise UsageError(problem, uri=str(root)) from error
    return root


def _packed(files: Iterable[tuple[str, bytes]]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path, content in files:
            entry = zipfile.ZipInfo(path, _LONG_AGO)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # as on Unix, wherever it is made
            archive.writestr(entry, content)
    return packed.getvalue()


def _read(root: Path, path: str) -> bytes:
    try:
        return (root / path).read_bytes()
    except OSError as error:
        raise PluginError(f"{root / path} cannot be read: {error.strerror}.", plugin=str(root)) from error


def _contents(data: bytes) -> dict[str, bytes]:
    """The files of a package, by path. Nothing is believed of it: who sends one may be anybody."""
    if len(data) > MOST_BYTES + MOST_FILES * _OVERHEAD:
        raise _unsound(f"it has {len(data):,} bytes, and a plugin at most {MOST_BYTES:,}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check(archive.infolist(), len(data))
            found = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except _UNREADABLE as error:
        raise _unsound(f"{type(error).__name__}: {error}") from None
    if _packed(found.items()) != data:  # also links, what is compressed, and what was changed on the way
        raise _unsound("it is a zip that something else made, or that was changed")
    return found


def _check(entries: list[zipfile.ZipInfo], size: int) -> None:
    """Raises PluginError for entries that must not even be read, or whose names lead elsewhere."""
    if len(entries) > MOST_FILES:
        raise _unsound(f"it holds {len(entries):,} files, and a plugin at most {MOST_FILES:,}")
    if sum(entry.file_size for entry in entries) > size:
        raise _unsound("its files are larger than itself")
    if not any(entry.filename == CONFIG_FILE for entry in entries):
        raise _unsound(f"there is no {CONFIG_FILE} in it")
    for path, why in faults_of([entry.filename for entry in entries]):
        raise _unsound(f"{path!r} {why}")


def _unsound(problem: str) -> PluginError:
    return PluginError(f"This is no package of a plugin: {problem}. Make one with `stagewright plugin package`.")


def _write(root: Path, contents: Mapping[str, bytes]) -> None:
    root.mkdir()
    for path, content in contents.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _is_taken(root: Path) -> bool:
    """Whether something is there that must not be mixed with a package; a link, too, since it leads elsewhere."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return root.is_symlink() or bool(os.listdir(root))
    return os.path.lexists(root)


def _same(root: Path, data: bytes) -> Path:
    with suppress(PluginError):
        if not root.is_symlink() and package_plugin(root).data == data:
            return root
    problem = f"{root} is there already, and does not hold this package alone. Remove it, or name another folder."
    raise UsageError(problem, uri=str(root))
