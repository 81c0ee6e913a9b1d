"""`Dataset`: a tree of files, known by its content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

from stages.core.blobs import BlobStore
from stages.core.code_files import code_files
from stages.core.datatype import DataType, Json
from stages.core.fingerprint import code_fingerprint
from stages.core.memo import Memo
from stages.datatypes.addresses import is_on_s3
from stages.datatypes.file_tree import FileTree
from stages.datatypes.of_files import OfFiles
from stages.datatypes.tree_paths import is_left_out


@dataclass(frozen=True, eq=False)
class Dataset(OfFiles, DataType):
    """Files by path; see OfFiles.

    found  what was found in them when they were looked at; None where they will be, when somebody asks
    """

    name: ClassVar[str] = "Dataset"
    format: ClassVar[str] = "files"
    description: ClassVar[str] = "A folder of files, local, file:// or s3://bucket/prefix/. Known by its content."

    found: Mapping[str, Json] | None = field(default=None, repr=False)

    @classmethod
    def from_folder(cls, folder: str | Path) -> Self:
        """What lies below a folder, checked. The folder must stay as it is until the value is written or `kept`.

        Left out is what systems and tools leave behind (.DS_Store, Thumbs.db, desktop.ini, ._*, __MACOSX, __pycache__,
        .git, .ipynb_checkpoints), and empty folders. Raises InputError that names all that is wrong.
        """
        return cls.of(FileTree.from_folder(folder, cls.leaves_out))

    @classmethod
    def from_address(cls, address: str) -> Self:
        """What lies below a path, file:// or s3:// address; it stays there. Raises InputError.

        A folder is checked at once. What lies on S3 is checked when it is first asked for or written, since the store
        knows what was found in the same files before.
        """
        tree = FileTree.from_address(address, cls.leaves_out)
        return replace(cls(tree) if is_on_s3(address) else cls.of(tree), stays=True)

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

    @cached_property
    def about(self) -> Mapping[str, Json]:
        """What was found in the files: counts, names of classes; JSON. Raises InputError where they were not checked
        before, and are wrong."""
        return self.looked_at(self.tree) if self.found is None else self.found

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

    def encode(self, blobs: BlobStore) -> Json:
        """See DataType."""
        tree = self.tree.encode(blobs, self.stays)
        return {"about": dict(self._remembered(tree["content"], blobs)), "tree": tree}

    def _remembered(self, content: str, blobs: BlobStore) -> Mapping[str, Json]:
        """`about`, without looking where the same code has looked at the same files before."""
        kind = type(self)
        if self.found is not None or not code_files(kind):
            return self.about
        memo, key = Memo(blobs.store, "datasets"), [self.name, code_fingerprint(kind), content]
        if (known := memo.get(key)) is None:
            memo.put(key, known := dict(self.about))
        told: Mapping[str, Json] = known
        return told

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
