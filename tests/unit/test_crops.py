"""Crops: pieces of pictures in tar shards, each known by its digest."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np

from stages.core.digests import digest_of
from stages.datatypes import Crops, Reading
from tests.unit.harness import make_blobs

QUAD = np.array([[1, 2], [11, 2], [11, 7], [1, 7]], np.float32)


def some_crops(tmp_path: Path, count: int = 5, shard_bytes: int = 3000) -> Crops:
    rows = ((Reading(10 + n, n / 2, f"text {n}", 0.5, "", QUAD + n), bytes([n]) * 1000) for n in range(count))
    return Crops.of(rows, make_blobs(tmp_path), ["a note"], shard_bytes)


def test_a_crop_is_what_was_cut_with_what_was_read(tmp_path: Path) -> None:
    crop = some_crops(tmp_path)[3]
    assert (crop.track, crop.t, crop.text, crop.score) == (13, 1.5, "text 3", 0.5)
    assert crop.jpeg() == b"\3" * 1000
    assert crop.digest == digest_of(b"\3" * 1000)
    assert np.array_equal(crop.quad, QUAD + 3)


def test_shards_are_real_tar_files(tmp_path: Path) -> None:
    crops = some_crops(tmp_path)
    assert len(crops.shards) == 3
    with tarfile.open(fileobj=io.BytesIO(crops.blobs.get(crops.shards[1]))) as tar:
        assert tar.getnames() == ["crop-000002.jpg", "crop-000003.jpg"]


def test_crops_survive_encoding(tmp_path: Path) -> None:
    crops = some_crops(tmp_path)
    again = Crops.decode(crops.encode(crops.blobs), crops.blobs)
    assert list(again) == list(crops)
    assert [crop.jpeg() for crop in again] == [crop.jpeg() for crop in crops]
    assert np.array_equal(again.quads, crops.quads)
    assert (again.notes, again.summary()) == (("a note",), {"crops": 5})


def test_none_are_crops_too(tmp_path: Path) -> None:
    none = some_crops(tmp_path, 0)
    again = Crops.decode(none.encode(none.blobs), none.blobs)
    assert (len(again), list(again), again.shards) == (0, [], ())


def test_the_same_crops_are_the_same_bytes(tmp_path: Path) -> None:
    one, other = some_crops(tmp_path / "a"), some_crops(tmp_path / "b")
    assert one.encode(one.blobs) == other.encode(other.blobs)
