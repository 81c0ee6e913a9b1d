"""Datasets as inputs of a job: a folder, or a prefix on S3; known by content, read where they lie."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from stages.core.blobs import BlobStore
from stages.core.cache import BlobCache
from stages.core.errors import InputError
from stages.core.objects import ObjectStore
from stages.datatypes import Dataset, ModelWeights, YOLODataset, s3_input, tree_file, tree_on_s3
from tests.integration.driving import Toys
from tests.unit.folders import read, write

PROFILE = """
name: fitting
label: Fitting
inputs: {dataset: YOLODataset}
stages: [toy_background, toy_fit, toy_tell]
"""
FILES = {
    "data.yaml": "names: [ball, shoe]\ntrain: images/train\n",
    "images/train/a.jpg": b"a",
    "images/train/b.jpg": b"b",
    "labels/train/a.txt": "0 0.5 0.5 0.2 0.4\n1 0.1 0.1 0.1 0.1\n",
}


@pytest.fixture
def fitting(toys: Toys, monkeypatch: pytest.MonkeyPatch) -> Toys:
    """The profile of this file, with its stages."""
    toys.environment["STAGEWRIGHT_STAGE_MODULES"] += ",tests.integration.dataset_toys"
    monkeypatch.setenv("STAGEWRIGHT_STAGE_MODULES", toys.environment["STAGEWRIGHT_STAGE_MODULES"])
    toys.profile = PROFILE
    return toys


@pytest.fixture
def prefix(store: ObjectStore) -> str:
    """The dataset on S3."""
    return upload(store, FILES)


def upload(store: ObjectStore, files: dict[str, Any]) -> str:
    for path, content in files.items():
        store.put(f"sets/one/{path}", content if isinstance(content, bytes) else content.encode())
    return f"{store.address.url}sets/one/"


def test_a_prefix_and_a_folder_with_the_same_files_are_the_same_input(
    fitting: Toys, prefix: str, tmp_path: Path
) -> None:
    first = fitting.run("--input", f"dataset={prefix}")
    assert first.code == 0, first.err
    assert first.json["outputs"]["told"] == {"bytes": 2, "classes": ["ball", "shoe"], "metrics": {"background": 1.0}}
    assert fitting.ran() == ["background", "fit", "tell"]
    folder = write(tmp_path / "set", FILES)
    assert set(fitting.run("--input", f"dataset={folder}").statuses.values()) == {"kept"}
    write(folder, {"labels/train/b.txt": "0 0.5 0.5 0.1 0.1"})
    changed = fitting.run("--input", f"dataset={folder.as_uri()}")
    assert changed.json["outputs"]["told"]["metrics"] == {"background": 0.0}


def test_a_dataset_with_faults_is_refused_before_anything_runs(
    fitting: Toys, store: ObjectStore, tmp_path: Path
) -> None:
    folder = write(tmp_path / "set", FILES | {"labels/train/b.txt": "7 0.5 0.5 0.2\n2 0.5 0.5 0.1 0.1"})
    refused = fitting.run("--input", f"dataset={folder}")
    assert refused.code == 2
    assert f"{folder} is no YOLO dataset: 2 faults" in refused.json["error"]
    assert "labels/train/b.txt:2: has the class 2; expected a number from 0 to 1" in refused.json["error"]
    on_s3 = fitting.run("--input", f"dataset={upload(store, read(folder))}")
    assert (on_s3.code, on_s3.json["error"].partition(": ")[2]) == (2, refused.json["error"].partition(": ")[2])
    shutil.rmtree(folder)
    missing = fitting.run("--input", f"dataset={folder}")
    assert (missing.code, missing.json["error"]) == (
        2,
        f"The input dataset={folder} is not there: no such file. Check the path.",
    )
    assert fitting.ran() == []


@pytest.fixture
def blobs(store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BlobStore:
    """A blob store on the running store, whose address is known to inputs."""
    monkeypatch.setattr(s3_input, "_own", store.address)
    return BlobStore(store, BlobCache(tmp_path / "cache", 1 << 30))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The objects of datasets that are read."""
    paths: list[str] = []
    chunks = tree_on_s3.Prefix.chunks
    monkeypatch.setattr(tree_on_s3.Prefix, "chunks", lambda self, path: paths.append(path) or chunks(self, path))
    return paths


def test_an_object_is_read_once_for_its_digest(
    store: ObjectStore, blobs: BlobStore, prefix: str, asked: list[str]
) -> None:
    first = Dataset.from_address(prefix).encode(blobs)
    assert sorted(asked) == sorted(FILES)
    assert Dataset.from_address(prefix).encode(blobs) == first
    assert len(asked) == len(FILES)
    store.put("sets/one/images/train/a.jpg", b"A")
    assert Dataset.from_address(prefix).encode(blobs) != first
    assert asked[len(FILES) :] == ["images/train/a.jpg"]


def test_what_was_found_in_the_same_files_is_known(
    store: ObjectStore, blobs: BlobStore, prefix: str, asked: list[str]
) -> None:
    data = YOLODataset.from_address(prefix).encode(blobs)
    read_first = len(asked)
    assert YOLODataset.from_address(prefix).encode(blobs) == data
    assert len(asked) == read_first
    assert YOLODataset.decode(data, blobs).summary()["train_boxes"] == 2
    store.put("sets/one/labels/train/a.txt", b"7 0.5 0.5 0.2 0.4")
    with pytest.raises(
        InputError, match=f"^{prefix} is no YOLO dataset: 1 fault\n  labels/train/a.txt:1: has the class 7"
    ):
        YOLODataset.from_address(prefix).encode(blobs)


def test_what_lies_on_s3_is_read_and_unpacked_as_it_was(blobs: BlobStore, prefix: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "set", FILES)
    stays = Dataset.decode(json.loads(json.dumps(Dataset.from_address(prefix).encode(blobs))), blobs)
    assert read(stays.unpack(tmp_path / "out")) == read(folder)
    assert dict(stays.read_all()) == read(folder)
    assert Dataset.identity(stays.encode(blobs)) == Dataset.identity(Dataset.from_folder(folder).encode(blobs))


@pytest.mark.parametrize("content", [b"X", b"longer"])
def test_an_object_that_changes_while_the_job_runs_is_an_error(
    store: ObjectStore, blobs: BlobStore, prefix: str, content: bytes
) -> None:
    given = Dataset.decode(Dataset.from_address(prefix).encode(blobs), blobs)
    store.put("sets/one/images/train/a.jpg", content)
    with pytest.raises(InputError, match=r"sets/one/images/train/a.jpg has changed since the job began.*Run again"):
        given.read("images/train/a.jpg")
    store.delete("sets/one/images/train/a.jpg")
    with pytest.raises(InputError, match=r"images/train/a.jpg is not there"):
        given.read("images/train/a.jpg")


def test_a_model_on_s3_is_an_object_or_a_folder(
    store: ObjectStore, blobs: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_file, "CHUNK_BYTES", 1000)
    store.put("models/best.pt", b"weights" * 1000)
    store.put("models/best.pt.txt", b"another whose key begins so")
    uri = f"{store.address.url}models/best.pt"
    weights = ModelWeights.decode(ModelWeights.from_address(uri).encode(blobs), blobs)
    assert weights.save(tmp_path / "here.pt").read_bytes() == b"weights" * 1000
    assert len(ModelWeights.from_address(f"{store.address.url}models/").files()) == 2
    for address in (f"{uri}h", f"{store.address.url}nothing/"):
        with pytest.raises(InputError, match=r"not there|nothing lies there"):
            ModelWeights.from_address(address)


def test_an_object_whose_key_is_no_path_is_refused(store: ObjectStore, blobs: BlobStore, prefix: str) -> None:
    store.put("sets/one/images/aux.jpg", b"x")
    store.put("sets/one/images/A/b.jpg", b"x")
    store.put("sets/one/images/a/B.jpg", b"x")
    with pytest.raises(InputError, match=r"cannot be taken as a tree of files: 2 faults"):
        Dataset.from_address(prefix)
