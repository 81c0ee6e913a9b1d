"""The index of a tree that somebody changed in the store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stages.core.blobs import BlobStore
from stages.core.errors import BlobDamaged, EnvelopeDamaged
from stages.datatypes import Dataset
from tests.unit.folders import write
from tests.unit.harness import make_blobs


def forged(blobs: BlobStore, data: Any, row: list[Any]) -> Any:
    """The same dataset with the row of its one file changed, and the digest of its content fitting."""
    index = json.loads(blobs.get(data["tree"]["index"]))
    index["files"] = [[new if new is not None else old for new, old in zip(row, index["files"][0], strict=True)]]
    tree = data["tree"] | {"index": blobs.put(json.dumps(index).encode(), "application/json")}
    from stages.core.digests import digest_of_json

    tree["content"] = digest_of_json([[index["files"][0][0], index["files"][0][2]]])
    return data | {"tree": tree}


@pytest.mark.parametrize(
    "path", ["../a.txt", "/etc/a.txt", "b/../../a.txt", "b//a.txt", "C:\\a.txt", "C:/a.txt", "nul", "a\0", "", "."]
)
def test_an_index_with_a_path_that_leads_out_is_refused(tmp_path: Path, path: str) -> None:
    blobs = make_blobs(tmp_path)
    data = Dataset.from_folder(write(tmp_path / "tree", {"a.txt": b"a"})).encode(blobs)
    with pytest.raises(EnvelopeDamaged, match="has the path"):
        Dataset.decode(forged(blobs, data, [path, None, None, None]), blobs).unpack(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "row",
    [
        [None, -1, None, None],
        [None, 2_000, None, None],
        [None, None, "sha256:../..", None],
        [None, None, None, [-1, 0]],
        [None, None, None, [512, 1]],
        [None, None, None, [512, -1]],
        [None, None, None, [1 << 40, 0]],
        [None, None, None, {"elsewhere": "x"}],
        [None, None, None, []],
    ],
)
def test_an_index_that_does_not_fit_its_shards_is_refused(tmp_path: Path, row: list[Any]) -> None:
    blobs = make_blobs(tmp_path)
    data = Dataset.from_folder(write(tmp_path / "tree", {"a.txt": b"a"})).encode(blobs)
    with pytest.raises(EnvelopeDamaged, match="has an entry that cannot be read"):
        Dataset.decode(forged(blobs, data, row), blobs).files()


def test_an_index_that_points_elsewhere_in_its_shard_gives_no_other_bytes(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    data = Dataset.from_folder(write(tmp_path / "tree", {"a.txt": b"a"})).encode(blobs)
    with pytest.raises(BlobDamaged, match="the index does not fit the shard"):
        Dataset.decode(forged(blobs, data, [None, None, None, [1, 0]]), blobs).read("a.txt")


def test_an_index_of_other_files_or_of_another_format_is_refused(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    data = Dataset.from_folder(write(tmp_path / "a", {"a.txt": b"a"})).encode(blobs)
    other = Dataset.from_folder(write(tmp_path / "b", {"a.txt": b"b"})).encode(blobs)
    swapped = {"tree": data["tree"] | {"index": other["tree"]["index"], "shards": other["tree"]["shards"]}, "about": {}}
    with pytest.raises(EnvelopeDamaged, match="is not that of the files that were written"):
        Dataset.decode(swapped, blobs).files()
    index = blobs.put(b'{"format": 2, "files": []}')
    with pytest.raises(EnvelopeDamaged, match="has format 2; this version of Stagewright reads format 1"):
        Dataset.decode({"tree": data["tree"] | {"index": index}, "about": {}}, blobs).files()
