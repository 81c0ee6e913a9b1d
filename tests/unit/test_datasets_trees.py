"""Trees of files: what goes into the store comes out of it."""

from __future__ import annotations

import io
import json
import os
import pickle
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.blobs import BlobStore, refs_in, using
from stages.core.errors import BlobDamaged, InputError
from stages.core.scratch import ScratchStore
from stages.datatypes import Dataset, tree_shards
from stages.datatypes.file_tree import FileTree
from stages.datatypes.tree_paths import faults_of
from tests.unit.folders import read, write
from tests.unit.harness import make_blobs

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/\\"), min_size=1, max_size=8)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def can_be(files: Mapping[str, bytes]) -> bool:
    parts = [part for path in files for part in path.split("/")]
    return not list(faults_of(files)) and not any(Dataset.leaves_out(part) for part in parts)


TREES = st.dictionaries(PATHS, st.binary(max_size=40), min_size=1, max_size=8).filter(can_be)


@given(files=TREES)
def test_a_tree_survives_the_store(tmp_path_factory: pytest.TempPathFactory, blobs: BlobStore, files: Any) -> None:
    folder = write(tmp_path_factory.mktemp("tree"), files)
    dataset = Dataset.from_folder(folder)
    data = json.loads(json.dumps(dataset.encode(blobs)))
    again = Dataset.decode(data, blobs)
    assert dict(again.read_all()) == files
    assert {path: again.read(path) for path in reversed(again.files())} == files
    assert read(again.unpack(tmp_path_factory.mktemp("out"))) == files
    assert again.summary() == {"files": len(files), "bytes": sum(map(len, files.values()))}
    assert again.encode(blobs) == data


@given(files=TREES, order=st.randoms(use_true_random=False))
def test_a_tree_is_known_by_its_content_alone(
    tmp_path_factory: pytest.TempPathFactory, blobs: BlobStore, files: dict[str, bytes], order: Any
) -> None:
    one = Dataset.from_folder(write(tmp_path_factory.mktemp("one"), files))
    shuffled = order.sample(sorted(files), len(files))
    other = write(tmp_path_factory.mktemp("other"), {path: files[path] for path in shuffled})
    stays = Dataset.from_address(other.as_uri())
    known = Dataset.identity(one.encode(blobs))
    assert Dataset.identity(stays.encode(blobs)) == known
    changed = order.choice(shuffled)
    (other / changed).write_bytes(files[changed] + b"+")
    assert Dataset.identity(Dataset.from_folder(other).encode(blobs)) != known


def test_an_input_stays_where_it_lies_and_what_a_stage_made_goes_into_the_store(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    folder = write(tmp_path / "tree", {"a/b.txt": b"b"})
    stays = Dataset.from_address(str(folder)).encode(blobs)
    assert stays["tree"]["shards"] == []
    made = Dataset.decode(stays, blobs).encode(blobs)  # as a stage does that passes its input on
    assert len(made["tree"]["shards"]) == 1
    (folder / "a/b.txt").unlink()
    assert Dataset.decode(made, blobs).read("a/b.txt") == b"b"
    with pytest.raises(InputError, match=r"a/b.txt cannot be read any more: No such file.*Put it back"):
        Dataset.decode(stays, blobs).read("a/b.txt")


def test_shards_are_tar_files_that_anyone_can_read(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    long = "x" * 120 + ".txt"
    data = Dataset.from_folder(write(tmp_path / "t", {"b/ä.txt": b"1", "a.txt": b"2", long: b"3"})).encode(blobs)
    [shard] = data["tree"]["shards"]
    with tarfile.open(fileobj=io.BytesIO(blobs.get(shard))) as tar:
        names = tar.getnames()
    assert names[0] == "a.txt"
    assert [name.partition("/")[0] for name in names[1:]] == ["sha256", "sha256"]


def test_nothing_is_fetched_until_it_is_asked_for(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    data = Dataset.from_folder(write(tmp_path / "tree", {"a.txt": b"a"})).encode(blobs)
    assert isinstance(blobs.store, ScratchStore)
    blobs.store.objects.clear()
    blobs.cache.limit = 0
    for ref in refs_in(data):
        blobs.cache.drop(ref["blob"])
    again = Dataset.decode(data, blobs)
    assert (len(again), again.summary()) == (1, {"files": 1, "bytes": 1})
    with pytest.raises(BlobDamaged, match="is gone"):
        again.files()


@pytest.mark.parametrize("touched", [False, True])
def test_a_dataset_goes_to_another_process_without_its_files(tmp_path: Path, touched: bool) -> None:
    blobs = make_blobs(tmp_path)
    made = Dataset.from_folder(write(tmp_path / "tree", {"a.txt": b"a" * 5000})).encode(blobs)
    dataset = Dataset.decode(made, blobs)
    if touched:
        dataset.files()
    with using(blobs):  # as it is where a worker unpacks it
        sent = pickle.dumps(dataset)
        assert len(sent) < 2000
        assert pickle.loads(sent).read("a.txt") == b"a" * 5000


def small_shards(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tree_shards, "SHARD_BYTES", 20_000)
    patch.setattr(tree_shards, "MOST_SHARD_BYTES", 60_000)
    patch.setattr(tree_shards, "_ENDS", 8)
    patch.setattr(tree_shards, "LARGE", 30_000)
    patch.setattr(tree_shards, "PIECE_BYTES", 25_000)


def test_a_tree_with_one_more_file_shares_most_shards_with_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_shards(monkeypatch)
    blobs = make_blobs(tmp_path)
    folder = write(tmp_path / "tree", {f"{n:04d}.bin": n.to_bytes(4, "big") * 250 for n in range(600)})
    before = [ref["blob"] for ref in Dataset.from_folder(folder).encode(blobs)["tree"]["shards"]]
    write(folder, {"0001b.bin": b"new"})
    after = [ref["blob"] for ref in Dataset.from_folder(folder).encode(blobs)["tree"]["shards"]]
    assert len(before) > 10
    assert len(set(after) - set(before)) <= 5


def test_large_files_lie_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_shards(monkeypatch)
    blobs = make_blobs(tmp_path)
    files = {"a.txt": b"a", "large.bin": os.urandom(70_000), "z.txt": b"", "other.bin": os.urandom(30_000)}
    data = Dataset.from_folder(write(tmp_path / "tree", files)).encode(blobs)
    assert sorted(ref["size"] for ref in data["tree"]["shards"]) == [2_560, 5_000, 20_000] + [25_000] * 3
    again = Dataset.decode(data, blobs)
    assert dict(again.read_all()) == files
    assert read(again.unpack(tmp_path / "out")) == files


def test_some_files_and_more_files_are_had_without_copying_any(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    data = Dataset.from_folder(write(tmp_path / "one", {"a": b"a", "b": b"b"})).encode(blobs)
    more = Dataset.from_folder(write(tmp_path / "two", {"b": b"B", "c": b"c"}))
    both = Dataset.decode(data, blobs).only(["a"]).with_files(more)
    written = both.encode(blobs)
    assert dict(both.read_all()) == {"a": b"a", "b": b"B", "c": b"c"}
    assert data["tree"]["shards"][0] in written["tree"]["shards"]
    assert dict(Dataset.decode(written, blobs).read_all()) == dict(both.read_all())


def test_a_path_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    dataset = Dataset.from_folder(write(tmp_path / "tree", {"images/one.jpg": b""}))
    with pytest.raises(KeyError, match=r"no file 'image/one.jpg' in this tree; did you mean 'images/one.jpg'"):
        dataset.read("image/one.jpg")


def test_a_tree_has_no_two_files_that_would_meet(tmp_path: Path) -> None:
    one = FileTree.from_folder(write(tmp_path / "one", {"a": b"a"}))
    two = FileTree.from_folder(write(tmp_path / "two", {"A/b": b"b"}))
    with pytest.raises(InputError, match="would be both a file and the folder of 'A/b'"):
        one.with_files(two)
