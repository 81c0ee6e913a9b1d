"""Trees of files: what goes into the store comes out of it, and nothing leads out of the folder."""

from __future__ import annotations

import io
import json
import os
import pickle
import socket
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.blobs import BlobStore, refs_in, using
from stages.core.errors import BlobDamaged, EncodeError, EnvelopeDamaged, InputError, UsageError
from stages.core.scratch import ScratchStore
from stages.datatypes import Dataset, tree_folder, tree_shards
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


def test_what_systems_leave_behind_is_no_content(tmp_path: Path) -> None:
    junk = [".DS_Store", "a/Thumbs.db", "a/._b.txt", "__pycache__/x.pyc", "__MACOSX/a/b.txt", ".git/config"]
    folder = write(tmp_path / "tree", dict.fromkeys(junk, b"junk") | {"a/b.txt": b"b", ".hidden": b"h"})
    (folder / "empty").mkdir()
    assert list(Dataset.from_folder(folder).files()) == [".hidden", "a/b.txt"]


def test_everything_in_the_way_is_told_at_once(tmp_path: Path) -> None:
    folder = write(tmp_path / "tree", {"ok.txt": b"", "Twice.txt": b"", "twice.txt": b"", "aux.txt": b"", "a\\b": b""})
    write(tmp_path, {"outside/secret.txt": b"secret"})
    (folder / "out").symlink_to(tmp_path / "outside/secret.txt")
    (folder / "loop").symlink_to(folder)
    (folder / "self").symlink_to("self")
    (folder / "inner").symlink_to(folder / "ok.txt")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(folder / "socket"))
    os.close(os.open(os.fsencode(folder) + b"/\xff.txt", os.O_CREAT))
    with pytest.raises(InputError, match=f"^{folder} cannot be taken as a tree of files: ") as caught:
        Dataset.from_folder(folder)
    told = {str(fault.file): fault.message for fault in caught.value.context["faults"]}
    assert told["out"].startswith("is a link out of the folder")
    assert told["loop"].startswith("is a link")
    assert "leads nowhere" in told["self"]
    assert told["pipe"] == told["socket"] == "is a socket, a pipe or a device; only files can be kept"
    assert {"aux.txt", "a\\b", "\\udcff.txt"} <= told.keys()
    assert "where case does not count" in told.get("twice.txt", "") + told.get("Twice.txt", "")
    assert "inner" not in told


def test_many_faults_are_told_in_few_lines(tmp_path: Path) -> None:
    folder = write(tmp_path / "tree", {f"nul.{n}": b"" for n in range(50)})
    with pytest.raises(InputError, match=r"50 faults(.|\n)*… and 30 more of the 50$"):
        Dataset.from_folder(folder)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere", "nowhere is not there. Check the path"),
        ("file.txt", "file.txt is no folder; expected one with the files in it, such as /"),
        ("file.txt/deeper", "deeper cannot be read: Not a directory. Check the path"),
        ("x" * 300, "cannot be read: File name too long"),
        ("empty", "it holds no file"),
    ],
)
def test_what_is_no_folder_with_files_is_refused(tmp_path: Path, name: str, says: str) -> None:
    write(tmp_path, {"file.txt": b"x"})
    (tmp_path / "empty/deeper").mkdir(parents=True)
    with pytest.raises(InputError, match=says):
        Dataset.from_address(str(tmp_path / name))


def test_addresses_that_are_not_read_are_named() -> None:
    with pytest.raises(InputError, match=r"https:// is not read. Download it, or put it on S3"):
        Dataset.from_address("https://example.org/set/")
    with pytest.raises(InputError, match=r"names the host 'server'. Write file:///path"):
        Dataset.from_address("file://server/set")
    with pytest.raises(InputError, match="names no bucket"):
        Dataset.from_address("s3:///set/")


def test_a_tree_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "tree", {"a": b"123", "b": b"456"})
    with monkeypatch.context() as patch:
        patch.setattr(tree_folder, "MOST_FILES", 1)
        with pytest.raises(InputError, match=r"holds more than 1 files. Is it the right folder"):
            Dataset.from_folder(folder)
    monkeypatch.setattr(tree_folder, "MOST_BYTES", 5)
    with pytest.raises(InputError, match="holds more than 0 GiB"):
        Dataset.from_folder(folder)


@pytest.mark.parametrize("size", [4, 5])
def test_a_file_that_changes_before_it_is_written_is_an_error_that_says_so(tmp_path: Path, size: int) -> None:
    folder = write(tmp_path / "tree", {"a.txt": b"film"})
    dataset = Dataset.from_folder(folder)
    (folder / "a.txt").write_bytes(b"x" * size)
    with pytest.raises(EncodeError, match=r"a.txt has changed since its digest was taken.*until its stage has ended"):
        dataset.encode(make_blobs(tmp_path))


def test_what_was_kept_needs_its_folder_no_more(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    folder = write(tmp_path / "tree", {"a.txt": b"a"})
    dataset = Dataset.from_folder(folder).kept(blobs)
    (folder / "a.txt").unlink()
    assert Dataset.decode(dataset.encode(blobs), blobs).read("a.txt") == b"a"


def test_a_path_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    dataset = Dataset.from_folder(write(tmp_path / "tree", {"images/one.jpg": b""}))
    with pytest.raises(KeyError, match=r"no file 'image/one.jpg' in this tree; did you mean 'images/one.jpg'"):
        dataset.read("image/one.jpg")


# unpacking


def test_unpacking_again_writes_what_is_missing_or_changed_and_leaves_the_rest(tmp_path: Path) -> None:
    dataset = Dataset.from_folder(write(tmp_path / "tree", {"a.txt": b"a", "b/c.txt": b"c", "b/d.txt": b"d"}))
    out = dataset.unpack(tmp_path / "out")
    write(out, {"b/c.txt": b"?", "mine.txt": b"mine"})
    (out / "b/d.txt").unlink()
    kept = (out / "a.txt").stat().st_ino
    assert read(dataset.unpack(out)) == {"a.txt": b"a", "b/c.txt": b"c", "b/d.txt": b"d", "mine.txt": b"mine"}
    assert (out / "a.txt").stat().st_ino == kept


def test_links_in_the_folder_lead_nothing_out_of_it(tmp_path: Path) -> None:
    dataset = Dataset.from_folder(write(tmp_path / "tree", {"b/c.txt": b"c", "d.txt": b"d"}))
    outside = write(tmp_path / "outside", {"d.txt": b"mine"})
    (tmp_path / "out").mkdir()
    (tmp_path / "out/b").symlink_to(outside)
    with pytest.raises(UsageError, match="out/b is a link or a file, not a folder"):
        dataset.unpack(tmp_path / "out")
    (tmp_path / "out/b").unlink()
    (tmp_path / "out/d.txt").symlink_to(outside / "d.txt")
    dataset.unpack(tmp_path / "out")
    assert read(outside) == {"d.txt": b"mine"}
    assert not (tmp_path / "out/d.txt").is_symlink()


def test_a_file_that_is_not_what_it_was_is_not_written(tmp_path: Path) -> None:
    folder = write(tmp_path / "tree", {"a.txt": b"film"})
    dataset = Dataset.from_folder(folder)
    (folder / "a.txt").write_bytes(b"FILM")
    with pytest.raises(InputError, match="of the same size, but other bytes"):
        dataset.unpack(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


# an index that somebody changed in the store


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


def test_a_tree_has_no_two_files_that_would_meet(tmp_path: Path) -> None:
    one = FileTree.from_folder(write(tmp_path / "one", {"a": b"a"}))
    two = FileTree.from_folder(write(tmp_path / "two", {"A/b": b"b"}))
    with pytest.raises(InputError, match="would be both a file and the folder of 'A/b'"):
        one.with_files(two)
