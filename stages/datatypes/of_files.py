"""What datasets and models have in common: they are a tree of files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from stages.core.blobs import BlobStore
from stages.datatypes.file_tree import FileTree
from stages.datatypes.tree_file import TreeFile


@dataclass(frozen=True, eq=False)
class OfFiles:
    """Files by path. Light: a file is read when it is asked for.

    tree   the files, and where they lie
    stays  whether its files are left where they lie when it is written. So it is with an input of a job, which others
           keep; what a stage made goes into the store
    """

    tree: FileTree = field(repr=False)
    stays: bool = field(default=False, repr=False, kw_only=True)

    def files(self) -> Mapping[str, TreeFile]:
        """Every file by its path, in order."""
        return self.tree.files

    def kept(self, blobs: BlobStore) -> Self:
        """The same, its files in the store: for files that will be gone when the stage has ended."""
        return replace(self, tree=self.tree.kept(blobs), stays=False)
