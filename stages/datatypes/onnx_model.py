"""`ONNXModel`: a model that any ONNX runtime can run, with its inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import PurePosixPath
from typing import Any, ClassVar

from stages.core.datatype import Json
from stages.core.errors import InputError
from stages.datatypes.file_tree import FileTree
from stages.datatypes.model import Model, ModelInfo
from stages.datatypes.yolo_config import inside

MOST_BYTES = 2 << 30
"""A file of ONNX has less; what is more lies beside it, as external data."""


@dataclass(frozen=True)
class Tensor:
    """An input or output. shape: sizes, names of those that are free, None for one (or all) that is not told."""

    name: str
    dtype: str
    shape: tuple[int | str | None, ...] | None


@dataclass(frozen=True, eq=False)
class ONNXModel(Model):
    """One .onnx file, and the files of external data that it names. What it takes and gives is told where the package
    onnx is there to read it; without it, the file is only known to be one of ONNX."""

    name: ClassVar[str] = "ONNXModel"
    format: ClassVar[str] = "onnx"
    description: ClassVar[str] = "A model as ONNX: an .onnx file or a folder with one, local, file:// or s3://."

    @classmethod
    def looked_at(cls, tree: FileTree, info: ModelInfo) -> ModelInfo:
        """Inputs, outputs and opset, put into the metadata. Raises InputError for what is no ONNX model."""
        path = _main(tree)
        where = f"{tree.where.rstrip('/')}/{path}"
        if tree.files[path].size >= MOST_BYTES:
            raise InputError(f"{where} has {tree.files[path].size:,} bytes; save it with external data.", uri=where)
        content = tree.read(path)
        _check_form(content, where)
        info = replace(info, framework=info.framework or "onnx")
        if find_spec("onnx") is None:
            return info
        read = _read(content, where)
        _check_external(read.pop("external"), tree, path, where)
        return replace(info, metadata={**info.metadata, "onnx": read})

    @classmethod
    def identity(cls, data: Json) -> Json:
        """See Model. What onnx reads in the file is no more than the file."""
        info = data["info"]
        said = {key: value for key, value in info["metadata"].items() if key != "onnx"}
        return super().identity(data | {"info": info | {"metadata": said}})

    @property
    def main(self) -> str:
        """Path of the .onnx file."""
        return _main(self.tree)

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What it takes, in order; empty where onnx was not there to read it."""
        return self._tensors("inputs")

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """What it gives, in order."""
        return self._tensors("outputs")

    @property
    def opset(self) -> int | None:
        """Version of ONNX's own operators that it needs."""
        told: Mapping[str, Json] = self.info.metadata.get("onnx") or {}
        return told.get("opset")

    def _tensors(self, key: str) -> tuple[Tensor, ...]:
        told: Mapping[str, Json] = self.info.metadata.get("onnx") or {}
        return tuple(Tensor(one["name"], one["dtype"], _tuple(one["shape"])) for one in told.get(key, []))


def _tuple(shape: list[int | str | None] | None) -> tuple[int | str | None, ...] | None:
    return None if shape is None else tuple(shape)


def _main(tree: FileTree) -> str:
    found = [path for path in tree.files if path.lower().endswith(".onnx")]
    if len(found) != 1:
        listed = ", ".join(found or list(tree.files)[:5])
        raise InputError(f"{tree.where} has {len(found)} files that end with .onnx ({listed}); expected one.")
    return found[0]


def _check_form(content: bytes, where: str) -> None:
    """A model has a version (field 1, a number) and a graph (field 7), and nothing after its last field."""
    try:
        fields = dict(_fields(content))
    except (ValueError, IndexError):
        fields = {}
    if fields.get(1) != 0 or fields.get(7) != 2:
        begin = content[:16].hex(" ")
        problem = f"{where} is no ONNX model (it begins with {begin or 'nothing'}). Export it anew."
        raise InputError(problem, uri=where)


def _fields(message: bytes) -> Iterator[tuple[int, int]]:
    """Number and wire type of each field of a protobuf message. Raises ValueError or IndexError for anything else."""
    at, view = 0, memoryview(message)
    while at < len(view):
        tag, at = _varint(view, at)
        yield tag >> 3, tag & 7
        match tag & 7:
            case 0:
                _, at = _varint(view, at)
            case 1:
                at += 8
            case 2:
                size, at = _varint(view, at)
                at += size
            case 5:
                at += 4
            case _:
                raise ValueError("no wire type of protobuf 3")
    if at != len(view):
        raise ValueError("cut short")


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    number = shift = 0
    while shift < 64:
        byte = view[at]
        number, at, shift = number | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return number, at
    raise ValueError("a number without end")


def _read(content: bytes, where: str) -> dict[str, Any]:
    import onnx

    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's DecodeError, from a package without types
        raise InputError(f"{where} cannot be read as ONNX ({error}). Export it anew.", uri=where) from error
    weights = {tensor.name for tensor in model.graph.initializer}
    return {
        "inputs": [_tensor(value) for value in model.graph.input if value.name not in weights],
        "outputs": [_tensor(value) for value in model.graph.output],
        "opset": next((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), None),
        "external": sorted(_external(model.graph.initializer)),
    }


def _tensor(value: Any) -> dict[str, Json]:
    import onnx

    if not value.type.HasField("tensor_type"):
        return asdict(Tensor(value.name, str(value.type.WhichOneof("value")), None))
    told = value.type.tensor_type
    dtype = onnx.TensorProto.DataType.Name(told.elem_type).lower()
    shape = [size.dim_value if size.HasField("dim_value") else size.dim_param or None for size in told.shape.dim]
    return asdict(Tensor(value.name, dtype, tuple(shape) if told.HasField("shape") else None))


def _external(tensors: Iterable[Any]) -> set[str]:
    """The files in which weights lie, as the model names them."""
    return {entry.value for tensor in tensors for entry in tensor.external_data if entry.key == "location"}


def _check_external(named: Iterable[str], tree: FileTree, path: str, where: str) -> None:
    folder = str(PurePosixPath(path).parent)
    for location in named:
        if inside(location, folder) not in tree.files:
            raise InputError(
                f"{where} has weights in {location!r}, which is not among its files; give the folder that holds both.",
                uri=where,
            )
