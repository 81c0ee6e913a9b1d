"""A tree of files, known by its content: what datasets and models are made of.

Its files lie in a folder, below a prefix on S3, or in the store; each is read when it is asked for. In the store a tree
is an index (paths, sizes, digests, places) and the shards in which its files are; see tree_shards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from stages.core.blobs import BlobStore
from stages.core.datatype import Json
from stages.core.errors import InputError
from stages.datatypes.addresses import is_on_s3, local_path
from stages.datatypes.in_shards import InShards
from stages.datatypes.tree_file import TreeFile
from stages.datatypes.tree_folder import file_at, files_in
from stages.datatypes.tree_index import index_of, read_index
from stages.datatypes.tree_on_s3 import files_below, object_at, with_digests
from stages.datatypes.tree_paths import faults_of, is_left_out
from stages.datatypes.tree_reading import contents
from stages.datatypes.tree_shards import keep
from stages.datatypes.unpack import unpack


class FileTree:
    """Files by path. Light: no content is held."""

    def __init__(self, files: Iterable[TreeFile]) -> None:
        """Raises InputError where two files cannot lie in one folder, or a path leads out of it."""
        self.files = {file.path: file for file in sorted(files, key=lambda file: file.path)}
        for path, why in faults_of(self.files):
            raise InputError(f"{path!r} {why}.", path=path)

    @staticmethod
    def from_folder(folder: str | Path, leave_out: Callable[[str], bool] = is_left_out) -> FileTree:
        """What lies below a folder; see files_in."""
        return FileTree(files_in(local_path(str(folder)), leave_out))

    @staticmethod
    def from_file(file: str | Path) -> FileTree:
        """A single file."""
        return FileTree([file_at(local_path(str(file)))])

    @staticmethod
    def from_address(address: str, leave_out: Callable[[str], bool] = is_left_out) -> FileTree:
        """What lies below a folder or a prefix that is given as a path, file:// or s3:// address."""
        if is_on_s3(address):
            return FileTree(files_below(address, leave_out))
        return FileTree.from_folder(address, leave_out)

    @staticmethod
    def from_file_address(address: str) -> FileTree:
        """A single file that is given as a path, file:// or s3:// address."""
        return FileTree([object_at(address)]) if is_on_s3(address) else FileTree.from_file(address)

    @property
    def count(self) -> int:
        """How many files."""
        return len(self.files)

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(file.size for file in self.files.values())

    @property
    def where(self) -> str:
        """Where the files lie, as a message names it: a folder or an address on S3, if it is one for all."""
        places = {file.place.named for file in self.files.values()}
        return places.pop() if len(places) == 1 else "A tree of files"

    def file(self, path: str) -> TreeFile:
        """One file. Raises KeyError that names it and the nearest there is."""
        if path in self.files:
            return self.files[path]
        from stages.core.suggest import nearest

        close = nearest(path, self.files)
        raise KeyError(f"there is no file {path!r} in this tree{f'; did you mean {close!r}?' if close else ''}")

    def read(self, path: str) -> bytes:
        """The content of one file, verified. Raises KeyError, and InputError or BlobDamaged where it has changed."""
        return self.file(path).read()

    def read_all(self, paths: Iterable[str] | None = None) -> Iterator[tuple[str, bytes]]:
        """Contents of many files, by default all, in the order of `paths`: what lies on S3 some at a time, and a shard
        once for all that follow each other in it."""
        files = [self.file(path) for path in (self.files if paths is None else paths)]
        return ((file.path, content) for file, content in contents(files))

    def only(self, paths: Iterable[str]) -> FileTree:
        """Some of the files, where they are."""
        return FileTree(self.file(path) for path in paths)

    def with_files(self, other: FileTree) -> FileTree:
        """The files of both; of a path that both have, the other's."""
        return FileTree((self.files | other.files).values())

    def unpack(self, folder: str | Path) -> Path:
        """Write the files below a folder; see unpack."""
        return unpack(list(self.files.values()), Path(folder))

    def kept(self, blobs: BlobStore) -> FileTree:
        """The same, all in the store: where the files lay before does not matter any more."""
        if all(isinstance(file.place, InShards) for file in self.files.values()):
            return self
        return FileTree(keep(with_digests(self.files.values(), blobs), blobs))

    def encode(self, blobs: BlobStore, stays: bool = False) -> Mapping[str, Json]:
        """As JSON. Its files go into the store, or, if it `stays`, are left where they lie."""
        files = with_digests(self.files.values(), blobs) if stays else self.kept(blobs).files.values()
        return index_of(list(files), blobs)

    @staticmethod
    def decode(data: Json, blobs: BlobStore) -> FileTree:
        """What `encode` gave `data` for. Nothing is fetched until it is asked for."""
        return _StoredTree(data, blobs)


class _StoredTree(FileTree):
    """A tree whose index is read when it is first asked for."""

    def __init__(self, data: Json, blobs: BlobStore) -> None:
        self._data, self._blobs = data, blobs

    @cached_property
    def files(self) -> dict[str, TreeFile]:  # type: ignore[override]  # read when first touched
        return {file.path: file for file in read_index(self._data, self._blobs)}

    @property
    def count(self) -> int:
        return int(self._data["files"])

    @property
    def size(self) -> int:
        return int(self._data["bytes"])
