"""Data types of datasets and models: which fit which, and how they are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages import stage
from stages.core.errors import EncodeError, UsageError
from stages.core.values import encode_value
from stages.datatypes import (
    COCODataset,
    Dataset,
    DataType,
    Model,
    ModelWeights,
    ONNXModel,
    Video,
    YOLODataset,
    find_type,
    list_types,
)
from stages.datatypes.file_tree import FileTree
from tests.unit.harness import make_blobs

FAMILIES = [Dataset, YOLODataset, COCODataset, Model, ModelWeights, ONNXModel]


@pytest.mark.parametrize(
    ("one", "other", "fits"),
    [
        (YOLODataset, Dataset, True),
        (COCODataset, Dataset, True),
        (YOLODataset, COCODataset, False),
        (Dataset, Dataset, True),
        (Dataset, DataType, True),
        (ModelWeights, Model, True),
        (ONNXModel, Model, True),
        (ONNXModel, ModelWeights, False),
        (Model, Dataset, False),
        (Dataset, Video, False),
    ],
)
def test_either_derives_from_the_other(one: type[DataType], other: type[DataType], fits: bool) -> None:
    assert one.is_compatible_with(other) is fits
    assert other.is_compatible_with(one) is fits


@pytest.mark.parametrize("kind", FAMILIES)
def test_they_are_found_by_class_and_by_name(kind: type[DataType]) -> None:
    assert find_type(kind) is find_type(kind.__name__) is kind
    assert kind in list_types()
    assert kind.can_write()
    assert kind.description.endswith(".")


def test_each_has_its_format() -> None:
    assert [kind.format for kind in FAMILIES] == ["files", "yolo", "coco", "model", "weights", "onnx"]


def test_a_name_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(KeyError, match="no data type 'YoloDataset'; did you mean 'YOLODataset'"):
        find_type("YoloDataset")


def test_a_derived_type_of_an_author_is_one_more_of_the_family() -> None:
    class KittiDataset(Dataset):
        pass

    try:
        assert KittiDataset.name == "KittiDataset"
        assert KittiDataset.is_compatible_with(Dataset)
        assert not KittiDataset.is_compatible_with(YOLODataset)
    finally:
        from stages.core import datatype

        del datatype._types["KittiDataset"]


def test_what_a_stage_gave_must_be_what_it_declared(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    with pytest.raises(EncodeError, match="is declared YOLODataset, but the stage gave a Dataset"):
        encode_value(Dataset(FileTree([])), YOLODataset, blobs)
    assert encode_value(Dataset(FileTree([])), Dataset, blobs).type == "Dataset"


@pytest.mark.usefixtures("own_stages")
def test_they_are_types_of_a_stages_reads_and_writes() -> None:
    @stage(writes=("weights",))
    def fit(dataset: YOLODataset) -> ModelWeights:
        """Fit."""
        raise UsageError(dataset.name)

    from stages import get_stage

    definition = get_stage("fit")
    assert (definition.read_types, definition.write_types) == ({"dataset": YOLODataset}, {"weights": ModelWeights})
