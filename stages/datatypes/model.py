"""`Model` and `ModelWeights`: files of a trained model, known by content, with what there is to say of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Self

from stages.core.blobs import BlobStore
from stages.core.datatype import DataType, Json
from stages.core.digests import as_json
from stages.core.errors import InputError, UsageError
from stages.core.suggest import did_you_mean
from stages.datatypes.addresses import is_on_s3, local_path
from stages.datatypes.file_tree import FileTree
from stages.datatypes.of_files import OfFiles

WEIGHTS = {
    ".pt": "pytorch", ".pth": "pytorch", ".ckpt": "pytorch", ".bin": "pytorch", ".safetensors": "safetensors",
    ".npz": "numpy", ".npy": "numpy", ".h5": "keras", ".keras": "keras", ".onnx": "onnx", ".tflite": "tflite",
}  # fmt: skip
"""The framework that files with these endings are of, where nothing else is said."""


@dataclass(frozen=True)
class ModelInfo:
    """What there is to say of a model; empty is what nobody said.

    task        detect, classify, segment…
    framework   what can run it: pytorch, onnx…
    classes     names by number
    input_size  height and width of the pictures it takes, pixels
    metrics     how good it was, by name
    metadata    anything else, JSON
    """

    task: str = ""
    framework: str = ""
    classes: tuple[str, ...] = ()
    input_size: tuple[int, int] | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    metadata: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """As JSON. Raises UsageError where something in it is none."""
        try:
            found: dict[str, Json] = as_json(asdict(self))
        except (TypeError, ValueError) as error:
            raise UsageError(f"A model's metrics and metadata must be JSON: {error}.") from None
        return found

    @staticmethod
    def from_json(data: Mapping[str, Json]) -> ModelInfo:
        """What `to_json` gave."""
        given = dict(data)
        size = given.pop("input_size")
        return ModelInfo(classes=tuple(given.pop("classes")), input_size=(size[0], size[1]) if size else None, **given)


def _with(info: ModelInfo, said: Mapping[str, Any]) -> ModelInfo:
    """What is said, too. Raises UsageError where it is no field of ModelInfo, or no JSON."""
    known = [one.name for one in fields(ModelInfo)]
    if unknown := [name for name in said if name not in known]:
        problem = f"A model's description has no field {unknown[0]!r}{did_you_mean(unknown[0], known)}"
        raise UsageError(f"{problem} Anything else goes into metadata.")
    changed = replace(info, **said)
    data = changed.to_json()
    return ModelInfo.from_json(data)  # as it will come back


@dataclass(frozen=True, eq=False)
class Model(OfFiles, DataType):
    """One or more files (see OfFiles), and what there is to say of them. None is ever unpickled here."""

    name: ClassVar[str] = "Model"
    format: ClassVar[str] = "model"
    description: ClassVar[str] = "A trained model: a file or a folder, local, file:// or s3://. Known by its content."

    info: ModelInfo = field(default_factory=ModelInfo)

    @classmethod
    def from_file(cls, file: str | Path, **said: Any) -> Self:
        """A model of one file, checked. `said` are the fields of ModelInfo. The file must stay as it is until the value
        is written or `kept`. Raises InputError."""
        return cls.of(FileTree.from_file(file), **said)

    @classmethod
    def from_folder(cls, folder: str | Path, **said: Any) -> Self:
        """A model of all files below a folder, checked. Raises InputError."""
        return cls.of(FileTree.from_folder(folder), **said)

    @classmethod
    def from_address(cls, address: str) -> Self:
        """The model at a path, file:// or s3:// address (a folder on S3 ends with '/'); it stays there.

        Raises InputError."""
        if address.endswith("/") if is_on_s3(address) else local_path(address).is_dir():
            tree = FileTree.from_address(address)
        else:
            tree = FileTree.from_file_address(address)
        return replace(cls.of(tree), stays=True)

    @classmethod
    def of(cls, given: Model | FileTree, **said: Any) -> Self:
        """Files that lie somewhere already, as a model of this kind, checked; with `said` of it, too."""
        tree, info = (given.tree, given.info) if isinstance(given, Model) else (given, ModelInfo())
        info = _with(info, said)
        return cls(tree, cls.looked_at(tree, info))

    @classmethod
    def looked_at(cls, tree: FileTree, info: ModelInfo) -> ModelInfo:
        """What can be said of the files by looking at them. Raises InputError for those that are none of this kind."""
        return info

    @property
    def main(self) -> str:
        """Path of the file, where the model has one. Raises UsageError where it has several."""
        if self.tree.count != 1:
            listed = ", ".join(list(self.tree.files)[:5])
            raise UsageError(f"This model has {self.tree.count} files ({listed}…); say which.")
        return next(iter(self.tree.files))

    @property
    def digest(self) -> str | None:
        """`sha256:…` of the main file; None while it lies on S3 and was not written yet."""
        return self.tree.file(self.main).digest

    def read(self, path: str | None = None) -> bytes:
        """The content of a file, by default of the main one, verified."""
        return self.tree.read(path or self.main)

    def save(self, to: str | Path) -> Path:
        """Write the files, verified, each whole or not at all; gives what was written.

        `to` is a folder, which gets all of them; or for a model of one file, a path with that file's ending.
        """
        place = Path(to)
        if place.is_dir() or self.tree.count != 1 or place.suffix != Path(self.main).suffix:
            folder = self.tree.unpack(place)
            return folder / self.main if self.tree.count == 1 else folder
        place.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=place.parent, prefix=".part-") as part:
            os.replace(self.tree.unpack(part) / self.main, place)
        return place.absolute()

    def encode(self, blobs: BlobStore) -> Json:
        """See DataType."""
        return {"info": self.info.to_json(), "tree": self.tree.encode(blobs, self.stays)}

    @classmethod
    def decode(cls, data: Json, blobs: BlobStore) -> Self:
        """See DataType. Nothing is fetched."""
        return cls(FileTree.decode(data["tree"], blobs), ModelInfo.from_json(data["info"]))

    @classmethod
    def identity(cls, data: Json) -> Json:
        """Paths, digests, and what is said of the model."""
        return {"content": data["tree"]["content"], "info": data["info"]}

    def summary(self) -> Mapping[str, Json]:
        """Files, bytes, what it is for, and how good it was."""
        info = self.info
        told = {"task": info.task, "framework": info.framework, "classes": len(info.classes)}
        figures = {"files": self.tree.count, "bytes": self.tree.size}
        return {**info.metrics, **figures, **{key: value for key, value in told.items() if value}}


@dataclass(frozen=True, eq=False)
class ModelWeights(Model):
    """A file of weights: .pt, .safetensors, .npz… Never opened here: a .pt is a pickle, which runs code when loaded."""

    name: ClassVar[str] = "ModelWeights"
    format: ClassVar[str] = "weights"
    description: ClassVar[str] = "Weights of a model: a .pt, .safetensors or .npz file, local, file:// or s3://."

    @classmethod
    def looked_at(cls, tree: FileTree, info: ModelInfo) -> ModelInfo:
        """The framework by the ending of the name, where nothing else was said."""
        found = [path for path in tree.files if Path(path).suffix.lower() in WEIGHTS]
        if not found:
            listed, known = ", ".join(list(tree.files)[:5]), ", ".join(WEIGHTS)
            raise InputError(f"{tree.where} holds no weights, but {listed}; expected a file that ends with {known}.")
        if any(tree.files[path].size == 0 for path in found):
            raise InputError(f"{tree.where}: {found[0]} is empty (0 bytes). Was it copied whole?")
        return info if info.framework else replace(info, framework=WEIGHTS[Path(found[0]).suffix.lower()])
