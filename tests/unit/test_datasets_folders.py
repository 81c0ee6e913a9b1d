"""A folder becomes a tree of files: what counts in it, and what is refused before anything is read."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from stages.core.errors import EncodeError, InputError
from stages.datatypes import Dataset, tree_folder
from tests.unit.folders import write
from tests.unit.harness import make_blobs


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
