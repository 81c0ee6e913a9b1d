"""Models: files that come back as they were, with what was said of them; nothing is unpickled."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from stages.core.blobs import BlobStore
from stages.core.digests import digest_of
from stages.core.errors import InputError, UsageError
from stages.datatypes import Model, ModelInfo, ModelWeights, ONNXModel, Tensor, onnx_model
from tests.unit.folders import read, write
from tests.unit.harness import make_blobs

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | TEXTS, lambda one: st.lists(one, max_size=3))
INFOS = st.builds(
    ModelInfo,
    task=TEXTS,
    framework=TEXTS,
    classes=st.lists(TEXTS, max_size=3).map(tuple),
    input_size=st.none() | st.tuples(st.integers(1, 9999), st.integers(1, 9999)),
    metrics=st.dictionaries(TEXTS, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    metadata=st.dictionaries(TEXTS, JSON, max_size=3),
)


@given(info=INFOS, content=st.binary(min_size=1, max_size=99))
def test_a_model_survives_the_store(
    tmp_path_factory: pytest.TempPathFactory, blobs: BlobStore, info: ModelInfo, content: bytes
) -> None:
    file = write(tmp_path_factory.mktemp("model"), {"a.bin": content}) / "a.bin"
    said = {name: getattr(info, name) for name in ModelInfo.__dataclass_fields__}
    model = Model.from_file(file, **said)
    again = Model.decode(model.encode(blobs), blobs)
    assert again.info == info
    assert (again.main, again.digest, again.read()) == ("a.bin", digest_of(content), content)
    assert Model.identity(again.encode(blobs)) == Model.identity(model.encode(blobs))


def test_a_model_is_known_by_its_files_and_what_is_said_of_it(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    one = Model.from_file(write(tmp_path / "a", {"m.bin": b"m"}) / "m.bin", task="detect")
    other = write(tmp_path / "b", {"m.bin": b"m"}) / "m.bin"

    def known(model: Model) -> Any:
        return Model.identity(model.encode(blobs))

    assert known(one) == known(Model.from_file(other, task="detect"))
    assert known(one) != known(Model.from_file(other, task="classify"))
    assert known(Model.from_file(other)) == known(Model.from_address(other.as_uri()))
    assert Model.of(one, metrics={"mAP50": 0.5}).info == ModelInfo(task="detect", metrics={"mAP50": 0.5})


def test_what_is_shown(tmp_path: Path) -> None:
    file = write(tmp_path, {"best.pt": b"weights"}) / "best.pt"
    weights = ModelWeights.from_file(file, task="detect", classes=["ball"], metrics={"mAP50": 0.5, "files": 7})
    assert weights.summary() == {
        "mAP50": 0.5, "files": 1, "bytes": 7, "task": "detect", "framework": "pytorch", "classes": 1,
    }  # fmt: skip


def test_saving_writes_a_file_or_a_folder(tmp_path: Path) -> None:
    file = write(tmp_path / "in", {"best.pt": b"weights"}) / "best.pt"
    weights = ModelWeights.from_file(file)
    assert weights.save(tmp_path / "out") == tmp_path / "out/best.pt"
    assert weights.save(tmp_path / "deep/er/other.pt").read_bytes() == b"weights"
    assert weights.save(tmp_path / "out") == tmp_path / "out/best.pt"
    folder = write(tmp_path / "many", {"config.json": "{}", "a/w.safetensors": b"w"})
    many = ModelWeights.from_folder(folder)
    assert read(many.save(tmp_path / "copy")) == read(folder)
    with pytest.raises(UsageError, match=r"has 2 files \(a/w.safetensors, config.json…\); say which"):
        many.read()
    assert many.read("config.json") == b"{}"
    file.write_bytes(b"changed")
    with pytest.raises(InputError, match="has changed since its digest was taken"):
        weights.save(tmp_path / "late")


def test_weights_are_never_opened(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "exploded",)

    blobs = make_blobs(tmp_path)
    file = write(tmp_path / "in", {"bomb.pt": pickle.dumps(Bomb())}) / "bomb.pt"
    weights = ModelWeights.decode(ModelWeights.from_address(str(file)).kept(blobs).encode(blobs), blobs)
    weights.save(tmp_path / "out")
    assert weights.summary()["framework"] == "pytorch"
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("files", "address", "says"),
    [
        ({"a.txt": b"a"}, "a.txt", r"holds no weights, but a.txt; expected a file that ends with .pt, .pth"),
        ({"a.pt": b""}, "a.pt", r"a.pt is empty \(0 bytes\). Was it copied whole"),
        ({"a.pt": b"a"}, "b.pt", "b.pt is not there. Check the path"),
        ({"a.txt": b"a"}, ".", "holds no weights"),
    ],
)
def test_what_is_no_weights_is_refused(tmp_path: Path, files: Any, address: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        ModelWeights.from_address(str(write(tmp_path, files) / address))


def test_a_description_is_json_of_known_fields(tmp_path: Path) -> None:
    file = write(tmp_path, {"a.pt": b"a"}) / "a.pt"
    with pytest.raises(UsageError, match=r"no field 'clases'; did you mean 'classes'.*goes into metadata"):
        ModelWeights.from_file(file, clases=["a"])
    with pytest.raises(UsageError, match="must be JSON"):
        ModelWeights.from_file(file, metadata={"when": object()})
    with pytest.raises(UsageError, match="must be JSON"):
        ModelWeights.from_file(file, metrics={"loss": float("nan")})


def graph(external: str = "") -> bytes:
    """A model that adds a constant to pictures, as bytes."""
    weights = numpy_helper.from_array(np.ones((3, 1, 1), np.float32), "w")
    if external:
        weights.ClearField("raw_data")
        weights.data_location = TensorProto.EXTERNAL
        weights.external_data.add(key="location", value=external)
    given = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, 416, None])
    gives = helper.make_tensor_value_info("output0", TensorProto.FLOAT, None)
    nodes = [helper.make_node("Add", ["images", "w"], ["output0"])]
    made = helper.make_graph(nodes, "adds", [given], [gives], [weights])
    return bytes(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())


def test_an_onnx_model_says_what_it_takes_and_gives(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    model = ONNXModel.from_file(write(tmp_path / "in", {"m.onnx": graph()}) / "m.onnx", task="detect")
    for one in (model, ONNXModel.decode(model.encode(blobs), blobs)):
        assert one.inputs == (Tensor("images", "float", ("batch", 3, 416, None)),)
        assert one.outputs == (Tensor("output0", "float", None),)
        assert (one.opset, one.info.framework, one.info.task, one.main) == (17, "onnx", "detect", "m.onnx")


def test_without_onnx_a_model_is_only_known_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = make_blobs(tmp_path)
    file = write(tmp_path / "in", {"m.onnx": graph()}) / "m.onnx"
    known = ONNXModel.identity(ONNXModel.from_file(file).encode(blobs))
    monkeypatch.setattr(onnx_model, "find_spec", lambda name: None)
    model = ONNXModel.from_file(file)
    assert (model.inputs, model.outputs, model.opset) == ((), (), None)
    assert ONNXModel.identity(model.encode(blobs)) == known
    file.write_bytes(b"weights")
    with pytest.raises(InputError, match=r"m.onnx is no ONNX model \(it begins with 77 65"):
        ONNXModel.from_file(file)


def test_the_shipped_detector_is_one() -> None:
    model = ONNXModel.from_file("stages/objects/models/nanodet_g_416.onnx")
    assert [tensor.shape for tensor in model.inputs] == [(1, 3, 416, 416)]


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_what_is_cut_short_or_no_onnx_is_refused(tmp_path: Path, cut: int) -> None:
    with pytest.raises(InputError, match=r"m.onnx is no ONNX model \(it begins with .*Export it anew"):
        ONNXModel.from_file(write(tmp_path, {"m.onnx": graph()[:cut]}) / "m.onnx")


@given(content=st.binary(max_size=64))
def test_no_bytes_break_the_look_at_onnx(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = write(tmp_path_factory.mktemp("onnx"), {"m.onnx": content}) / "m.onnx"
    with pytest.raises(InputError, match=r"m.onnx (is no ONNX model|cannot be read as ONNX)"):
        ONNXModel.from_file(file)


def test_external_data_belongs_to_the_model_and_lies_in_its_folder(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", {"m.onnx": graph("w.bin"), "w.bin": bytes(12)})
    assert list(ONNXModel.from_folder(folder).files()) == ["m.onnx", "w.bin"]
    with pytest.raises(InputError, match=r"has weights in 'w.bin', which is not among its files; give the folder"):
        ONNXModel.from_file(folder / "m.onnx")
    write(folder, {"m.onnx": graph("../../etc/passwd")})
    with pytest.raises(InputError, match=r"has weights in '../../etc/passwd'"):
        ONNXModel.from_folder(folder)


def test_a_folder_has_one_onnx_model(tmp_path: Path) -> None:
    folder = write(tmp_path, {"a.onnx": graph(), "b.onnx": graph()})
    with pytest.raises(InputError, match=r"has 2 files that end with .onnx \(a.onnx, b.onnx\); expected one"):
        ONNXModel.from_address(str(folder))
