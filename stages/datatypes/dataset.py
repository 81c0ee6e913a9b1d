"""`Dataset`: a tree of files, known by its content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

from stages.core.blobs import BlobStore
from stages.core.datatype import DataType, Json
from stages.datatypes.file_tree import FileTree
from stages.datatypes.tree_file import TreeFile
from stages.datatypes.tree_paths import is_left_out


@dataclass(frozen=True, eq=False)
class Dataset(DataType):
    """Files by path. Light: a file is read when it is asked for.

    tree   the files, and where they lie
    about  what was found in them when they were looked at: counts, names of classes; JSON
    stays  whether its files are left where they lie when it is written. So it is with an input of a job, which others
           keep; what a stage made goes into the store
    """

    name: ClassVar[str] = "Dataset"
    format: ClassVar[str] = "files"
    description: ClassVar[str] = "A folder of files, local, file:// or s3://bucket/prefix/. Known by its content."

    tree: FileTree = field(repr=False)
    about: Mapping[str, Json] = field(default_factory=dict)
    stays: bool = field(default=False, repr=False)

    @classmethod
    def from_folder(cls, folder: str | Path) -> Self:
        """What lies below a folder, checked. The folder must stay as it is until the value is written or `kept`.

        Left out is what systems and tools leave behind (.DS_Store, Thumbs.db, desktop.ini, ._*, __MACOSX, __pycache__,
        .git, .ipynb_checkpoints), and empty folders. Raises InputError that names all that is wrong.
        """
        return cls.of(FileTree.from_folder(folder, cls.leaves_out))

    @classmethod
    def from_address(cls, address: str) -> Self:
        """What lies below a path, file:// or s3:// address, checked; it stays there. Raises InputError."""
        return replace(cls.of(FileTree.from_address(address, cls.leaves_out)), stays=True)

    @classmethod
    def of(cls, given: Dataset | FileTree) -> Self:
        """Files that lie somewhere already, as a dataset of this kind, checked. Raises InputError."""
        tree = given.tree if isinstance(given, Dataset) else given
        return cls(tree, cls.looked_at(tree))

    @classmethod
    def leaves_out(cls, name: str) -> bool:
        """Whether a file or folder of this name is no content."""
        return is_left_out(name)

    @classmethod
    def looked_at(cls, tree: FileTree) -> Mapping[str, Json]:
        """What a dataset of this kind says of itself (`about`). Raises InputError with all faults of the files."""
        return {}

    def files(self) -> Mapping[str, TreeFile]:
        """Every file by its path, in order."""
        return self.tree.files

    def __len__(self) -> int:
        """How many files."""
        return self.tree.count

    def read(self, path: str) -> bytes:
        """The content of a file, verified. Raises KeyError that names the nearest path there is."""
        return self.tree.read(path)

    def read_all(self, paths: Iterable[str] | None = None) -> Iterator[tuple[str, bytes]]:
        """Path and content of many files, by default all: faster than one by one."""
        return self.tree.read_all(paths)

    def unpack(self, folder: str | Path) -> Path:
        """Write all files below a folder, verified, each whole or not at all; gives its absolute path.

        What is there already with the same content stays. Raises UsageError where the folder leads elsewhere by links.
        """
        return self.tree.unpack(folder)

    def only(self, paths: Iterable[str]) -> Self:
        """Some of the files, without copying any; checked again."""
        return self.of(self.tree.only(paths))

    def with_files(self, other: Dataset) -> Self:
        """The files of both, without copying any; of a path that both have, the other's. Checked again."""
        return self.of(self.tree.with_files(other.tree))

    def kept(self, blobs: BlobStore) -> Self:
        """The same, its files in the store: for files that will be gone when the stage has ended."""
        return replace(self, tree=self.tree.kept(blobs), stays=False)

    def encode(self, blobs: BlobStore) -> Json:
        """See DataType."""
        return {"about": dict(self.about), "tree": self.tree.encode(blobs, self.stays)}

    @classmethod
    def decode(cls, data: Json, blobs: BlobStore) -> Self:
        """See DataType. Nothing is fetched."""
        return cls(FileTree.decode(data["tree"], blobs), data["about"])

    @classmethod
    def identity(cls, data: Json) -> Json:
        """Paths and digests: the same files elsewhere, or in other shards, are the same dataset."""
        return {"content": data["tree"]["content"]}

    def summary(self) -> Mapping[str, Json]:
        """Files and bytes."""
        return {"files": self.tree.count, "bytes": self.tree.size}
