"""YOLO datasets: what is in them, and every fault with its file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.blobs import BlobStore
from stages.core.errors import InputError
from stages.datatypes import Dataset, YOLODataset
from tests.unit.folders import write
from tests.unit.harness import make_blobs

CONFIG = "names: [ball, shoe]\ntrain: images/train\nval: images/val\n"
FILES: dict[str, bytes | str] = {
    "data.yaml": CONFIG,
    "images/train/a.jpg": b"a",
    "images/train/b.jpg": b"b",
    "images/val/c.PNG": b"c",
    "labels/train/a.txt": "0 0.5 0.5 0.2 0.4\n\n1 0.1 0.1 0.1 0.1\n",
    "labels/val/c.txt": "1 0.1 0.2 0.5 0.2 0.5 0.8",
}


def dataset(folder: Path, files: dict[str, bytes | str] | None = None, **changed: bytes | str) -> YOLODataset:
    return YOLODataset.from_folder(write(folder / "set", (FILES if files is None else files) | changed))


def faults(folder: Path, files: dict[str, bytes | str]) -> list[str]:
    with pytest.raises(InputError, match="is no YOLO dataset: ") as caught:
        dataset(folder, files)
    return [str(fault) for fault in caught.value.context["faults"]]


def test_classes_splits_and_boxes(tmp_path: Path) -> None:
    made = dataset(tmp_path)
    blobs = make_blobs(tmp_path)
    for one in (made, YOLODataset.decode(made.encode(blobs), blobs)):
        assert (one.classes, one.splits) == (["ball", "shoe"], ("train", "val"))
        assert one.images("train") == ["images/train/a.jpg", "images/train/b.jpg"]
        a, b = one.samples("train")
        assert np.allclose(a.boxes, [[0, 0.5, 0.5, 0.2, 0.4], [1, 0.1, 0.1, 0.1, 0.1]])
        assert (a.boxes.dtype, b.boxes.shape, b.image) == (np.float32, (0, 5), "images/train/b.jpg")
        [c] = one.samples("val")
        assert np.allclose(c.boxes, [[1, 0.3, 0.5, 0.4, 0.6]])
        assert c.outlines[0] is not None
        assert np.allclose(c.outlines[0], [[0.1, 0.2], [0.5, 0.2], [0.5, 0.8]])
        with pytest.raises(KeyError, match="no split 'test' in this dataset; there are: train, val"):
            one.images("test")


def test_what_is_shown_is_there_without_reading_a_file(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    data = dataset(tmp_path).encode(blobs)
    blobs.store.delete("blobs/sha256/" + data["tree"]["index"]["blob"].removeprefix("sha256:"))
    blobs.cache.drop(data["tree"]["index"]["blob"])
    assert YOLODataset.decode(data, blobs).summary() == {
        "files": 6, "bytes": sum(map(len, FILES.values())), "classes": 2, "train_images": 2, "train_boxes": 2,
        "train_background": 1, "val_images": 1, "val_boxes": 1, "val_background": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "config",
    [
        "names: {0: ball, 1: shoe}\ntrain: images/train/\nval: ./images/val\npath: .\n",
        "names:\n- ball\n- shoe\nnc: 2\ntrain: ../images/train\nval: ../images/val\ntest:\n",  # Roboflow's
        "names: [ball, shoe]\ntrain: [images/train]\nvalidation: val.txt\ntest: ''\ndownload: |\n  rm -rf /\n",
    ],
)
def test_the_ways_in_which_data_yaml_is_written(tmp_path: Path, config: str) -> None:
    files = FILES | {"data.yaml": config, "val.txt": "./images/val/c.PNG\n\n"}
    made = dataset(tmp_path, files)
    assert (made.classes, made.splits) == (["ball", "shoe"], ("train", "val"))
    assert made.images("val") == ["images/val/c.PNG"]


def test_names_are_words_even_where_yaml_would_read_something_else(tmp_path: Path) -> None:
    config = "names: [NO, 7, on]\ntrain: images/train\n"
    assert dataset(tmp_path, FILES | {"data.yaml": config}).classes == ["NO", "7", "on"]


def test_labels_lie_beside_pictures_that_are_in_no_folder_images(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {"data.yaml": "names: [ball]\ntrain: pictures\n", "pictures/a.jpg": b"a"}
    made = dataset(tmp_path, files | {"pictures/a.txt": "0 .5 .5 1 1"})
    assert [len(sample.boxes) for sample in made.samples("train")] == [1]


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("names: [a\ntrain: x", "data.yaml:2: cannot be read as YAML"),
        ("!!python/object/apply:os.system [ls]", "data.yaml:1: the tag 'tag:yaml.org,2002:python/object/apply:os"),
        ("- a", "data.yaml:1: is no mapping"),
        ("", "data.yaml:1: is empty; a data.yaml needs at least `names:` and `train:`"),
        (b"\xff\xfe", "data.yaml: is not UTF-8 text"),
        ("train: images/train", "data.yaml:1: has no `names`"),
        ("names: {1: a, 2: b}\ntrain: images/train", "data.yaml:1: `names` has no class 0; number 2 classes from 0 on"),
        ("train: images/train\nnames: ball", "data.yaml:2: `names` must be a list"),
        ("names: [ball, [shoe]]\ntrain: images/train", "data.yaml:1: a name of a class must be a word"),
        ("names: [ball, shoe]\nnc: 3\ntrain: images/train", "data.yaml:2: `nc` is 3, but there are 2 names"),
        ("names: [ball, shoe]\nkpt_shape: [17, 3]\ntrain: images/train", "data.yaml:2: `kpt_shape`: labels of poses"),
        ("names: [ball, shoe]", "data.yaml:1: names no pictures; write `train: images/train`"),
        (CONFIG + "path: /home/me/set", "data.yaml:4: `path: /home/me/set` is a folder of one machine"),
        (CONFIG + "path: ../set", "Leave `path` out, and write train, val and test from there on"),
        ("names: [ball, shoe]\ntrain: /images/train", "data.yaml:2: `train: /images/train` leads out of the dataset"),
        ("names: [ball, shoe]\ntrain: ../../images", "data.yaml:2: `train: ../../images` leads out of the dataset"),
        ("names: [ball, shoe]\ntrain: image", "data.yaml:2: `train: image` is not there; expected a folder"),
        ("names: [ball, shoe]\ntrain: labels", "data.yaml: `train` has no picture: labels"),
        ("names: [ball, shoe]\ntrain: {a: b}", "data.yaml:2: `train` must be a folder, a list"),
        ("names: [ball, shoe]\ntrain: list.txt", "list.txt:2: names '../../etc/passwd', which is not in the dataset"),
    ],
)
def test_faults_of_data_yaml_have_their_line(tmp_path: Path, config: bytes | str, says: str) -> None:
    listed = "images/train/a.jpg\n../../etc/passwd\n"
    told = faults(tmp_path, FILES | {"data.yaml": config, "list.txt": listed})
    assert any(says in fault for fault in told), told


def test_a_folder_that_is_no_dataset_is_told_what_is_missing(tmp_path: Path) -> None:
    assert "data.yaml: is not there" in faults(tmp_path, {"a.jpg": b"a"})[0]
    deeper = {f"deep/{path}": content for path, content in FILES.items()}
    assert "there is deep/data.yaml: name the folder 'deep'" in faults(tmp_path / "b", deeper)[0]


def test_every_fault_of_the_labels_is_told_with_its_line(tmp_path: Path) -> None:
    bad = "\n".join(
        ["0 .5 .5 .1 .1", "2 .5 .5 .1 .1", "0 .5 .5 .1", "0 .5 .5 1.5 .1", "ball .5 .5 .1 .1", "0.5 .5 .5 .1 .1",
         "0 .5 .5 .1 nan", "-1 .5 .5 .1 .1", "0 1 2 3 4 5 6 7", "0 .1 .1 .2 .2 .3", "0 0 0 1 1"]
    )  # fmt: skip
    files = FILES | {"labels/train/a.txt": bad, "labels/train/z.txt": "", "labels/classes.txt": "ball\nshoe"}
    told = faults(tmp_path, files | {"labels/val/c.txt": b"\xff"})
    at = {fault.split(": ")[0]: fault.split(": ", 1)[1] for fault in told}
    assert list(at) == [
        *(f"labels/train/a.txt:{line}" for line in (2, 3, 4, 5, 6, 7, 8, 9, 10)),
        "labels/val/c.txt",
        "labels/train/z.txt",
    ]
    assert at["labels/train/a.txt:2"] == "has the class 2; expected a number from 0 to 1, as `names` has 2"
    assert at["labels/train/a.txt:3"].startswith("has 4 fields; expected 5 (class cx cy w h), or a class and three")
    assert at["labels/train/a.txt:4"].startswith("has 1.5 where a share of the picture belongs; expected 0..1")
    assert at["labels/train/a.txt:5"].startswith("is no line of numbers: 'ball .5 .5 .1 .1'")
    assert "nan" in at["labels/train/a.txt:7"]
    assert at["labels/train/z.txt"].startswith("is a label file without a picture")


def test_what_training_leaves_in_a_dataset_changes_nothing(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    before = YOLODataset.identity(dataset(tmp_path).encode(blobs))
    write(tmp_path / "set", {"labels/train.cache": b"a pickle of ultralytics"})
    assert YOLODataset.identity(YOLODataset.from_folder(tmp_path / "set").encode(blobs)) == before


def test_any_dataset_can_be_looked_at_as_one_of_yolo(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    plain = Dataset.from_folder(write(tmp_path / "set", FILES))
    again = Dataset.decode(plain.encode(blobs), blobs)
    assert YOLODataset.of(again).classes == ["ball", "shoe"]
    with pytest.raises(InputError, match=r"^A tree of files in the store is no YOLO dataset: 1 fault"):
        YOLODataset.of(again.only(["images/val/c.PNG"]))


SHARES = st.floats(0, 1, width=32)
ROWS = st.lists(st.tuples(st.integers(0, 1), SHARES, SHARES, SHARES, SHARES), max_size=4)


@given(pictures=st.dictionaries(st.from_regex("[a-d]{1,3}", fullmatch=True), ROWS, min_size=1, max_size=6))
def test_boxes_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, blobs: BlobStore, pictures: dict[str, Any]
) -> None:
    files: dict[str, bytes | str] = {"data.yaml": "names: [ball, shoe]\ntrain: images"}
    for name, rows in pictures.items():
        files[f"images/{name}.jpg"] = name.encode()
        files[f"labels/{name}.txt"] = "\n".join(" ".join(map(repr, row)) for row in rows)
    made = dataset(tmp_path_factory.mktemp("yolo"), files)
    found = {sample.image: sample.boxes for sample in YOLODataset.decode(made.encode(blobs), blobs).samples("train")}
    assert found.keys() == {f"images/{name}.jpg" for name in pictures}
    for name, rows in pictures.items():
        assert np.array_equal(found[f"images/{name}.jpg"], np.asarray(rows, np.float32).reshape(-1, 5))
