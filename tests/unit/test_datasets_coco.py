"""COCO datasets: what is in them, and every fault with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.core.errors import InputError
from stages.datatypes import COCODataset
from tests.unit.folders import write
from tests.unit.harness import make_blobs

CATEGORIES = [{"id": 7, "name": "shoe"}, {"id": 3, "name": "ball", "supercategory": "things"}]


def document(*names: str, **changed: Any) -> str:
    """Annotations of pictures of 100x80, each with one box more than the one before; the first has none."""
    images = [{"id": n, "file_name": name, "width": 100, "height": 80} for n, name in enumerate(names)]
    boxes = [(n, box) for n in range(len(names)) for box in range(n)]
    annotations = [
        {"id": k, "image_id": n, "category_id": 7, "bbox": [10 * box, 5, 20.5, 30], "iscrowd": 0}
        for k, (n, box) in enumerate(boxes)
    ]
    return json.dumps({"images": images, "categories": CATEGORIES, "annotations": annotations} | changed)


@pytest.mark.parametrize(
    ("annotations", "folder", "split"),
    [
        ("annotations/instances_train2017.json", "train2017/", "train"),
        ("annotations/instances_val2017.json", "images/val2017/", "val"),
        ("annotations/test.json", "images/", "test"),
        ("annotations/instances_default.json", "images/default/", "default"),
        ("annotations/train.json", "", "train"),
        ("train/_annotations.coco.json", "train/", "train"),
        ("valid/_annotations.coco.json", "valid/", "val"),
        ("annotations.json", "", "all"),
        ("annotations.json", "images/", "all"),
        ("labels.json", "data/", "all"),
    ],
)
def test_the_layouts_that_are_in_use(tmp_path: Path, annotations: str, folder: str, split: str) -> None:
    files = {annotations: document("b.jpg", "a.jpg"), f"{folder}a.jpg": b"a", f"{folder}b.jpg": b"b"}
    blobs = make_blobs(tmp_path)
    made = COCODataset.from_folder(write(tmp_path / "set", files))
    made = COCODataset.decode(made.encode(blobs), blobs)
    assert (made.classes, made.category_ids, made.splits) == (["ball", "shoe"], [3, 7], (split,))
    assert made.images(split) == [f"{folder}a.jpg", f"{folder}b.jpg"]
    a, b = made.samples(split)
    assert (a.width, a.height, a.boxes.tolist()) == (100, 80, [[1, 0, 5, 20.5, 30]])
    assert (b.boxes.dtype, b.boxes.shape) == (np.float32, (0, 5))
    assert made.summary() == {
        "files": 3, "bytes": 2 + len(str(files[annotations])), "classes": 2, f"{split}_images": 2, f"{split}_boxes": 1,
    }  # fmt: skip


def test_of_the_official_folder_the_instances_count(tmp_path: Path) -> None:
    files = {"annotations/instances_train2017.json": document("a.jpg"), "train2017/a.jpg": b"a"}
    more = {"annotations/captions_train2017.json": '{"info": {}}', "annotations/person_keypoints_train2017.json": "{}"}
    made = COCODataset.from_folder(write(tmp_path / "set", files | more))
    assert made.splits == ("train",)
    with pytest.raises(KeyError, match="no split 'val' in this dataset; there are: train"):
        made.images("val")


def faults(folder: Path, text: bytes | str, **more: str) -> list[str]:
    files = {"annotations.json": text, "a.jpg": b"a", "b.jpg": b"b"} | more
    with pytest.raises(InputError, match="is no COCO dataset: ") as caught:
        COCODataset.from_folder(write(folder / "set", files))
    return [str(fault).removeprefix("annotations.json: ") for fault in caught.value.context["faults"]]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{\n[", "annotations.json:2: is not JSON: "),
        (b"\xff", "is not JSON: "),
        ("[" * 100_000, "is not JSON: "),
        ("[]", "has no `images` and `categories`"),
        (document("a.jpg", images={}), "`images` is no list"),
        (document("a.jpg", images=[7]), "images[0] is no mapping"),
        (document("a.jpg", categories=[]), "has no category"),
        (document("a.jpg", categories=[{"id": 1}]), "categories[0] has the name None; expected a word"),
        (
            document("a.jpg", categories=[*CATEGORIES, {"id": 3, "name": "x"}]),
            "categories[2] has the id 3, which another",
        ),
        (document("../../etc/passwd"), "images[0] has file_name '../../etc/passwd', which leads out of the dataset"),
        (document("/etc/passwd"), "which leads out of the dataset"),
        (
            document("c.jpg"),
            "images[0] has file_name 'c.jpg', which is not there; looked below './', 'data/', 'images/'",
        ),
        (document(images=[{"id": "1", "file_name": "a.jpg"}]), "images[0] has the id '1'; expected a whole number"),
        (document(images=[{"id": 1, "file_name": "a.jpg"}]), "images[0] has file_name 'a.jpg' and size NonexNone"),
    ],
)
def test_faults_of_annotations_have_their_place(tmp_path: Path, text: bytes | str, says: str) -> None:
    told = faults(tmp_path, text)
    assert any(says in fault for fault in told), told


def test_every_fault_of_the_boxes_is_told(tmp_path: Path) -> None:
    right = {"image_id": 0, "category_id": 3, "bbox": [0, 0, 100.5, 80]}
    changed: list[tuple[dict[str, Any], str]] = [
        ({}, ""),
        ({"id": 0}, "has the id 0, which another one has"),
        ({"id": True}, "has the id True; expected a whole number"),
        ({"image_id": 9}, "has image_id 9, which none of the images has"),
        ({"category_id": 1}, "has category_id 1, which none of the categories has"),
        ({"category_id": []}, "has category_id [], which none"),
        ({"bbox": [0, 0, 10]}, "has bbox [0, 0, 10], expected [x, y, width, height]"),
        ({"bbox": [0, 0, "1", 1]}, "expected [x, y, width, height] in pixels"),
        ({"bbox": [0, 0, float("nan"), 1]}, "expected [x, y, width, height] in pixels"),
        ({"bbox": [0, 0, -1, 1]}, "whose width or height is less than 0"),
        ({"bbox": [50, 0, 60, 1]}, "which is not within its picture of 100x80"),
        ({"bbox": [-5, 0, 60, 1]}, "which is not within its picture of 100x80"),
    ]
    rows = [{"id": n} | right | change for n, (change, _) in enumerate(changed)]
    told = faults(tmp_path, document("a.jpg", annotations=rows))
    assert len(told) == len(changed) - 1
    for number, ((_, says), fault) in enumerate(zip(changed[1:], told, strict=True), 1):
        assert fault.startswith(f"annotations[{number}] ")
        assert says in fault


def test_splits_have_the_same_categories(tmp_path: Path) -> None:
    other = document("b.jpg", categories=[{"id": 3, "name": "shoe"}])
    files = {"train/annotations.json": document("a.jpg"), "valid/annotations.json": other}
    with pytest.raises(InputError, match=r"valid/annotations.json: has other categories than train/annotations.json"):
        COCODataset.from_folder(write(tmp_path / "set", files | {"train/a.jpg": b"a", "valid/b.jpg": b"b"}))


def test_a_folder_without_annotations_is_told_where_they_are_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there are no annotations; expected annotations/\*.json"):
        COCODataset.from_folder(write(tmp_path / "set", {"a.jpg": b"a", "deep/er/annotations.json": "{}"}))
