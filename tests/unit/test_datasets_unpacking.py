"""A tree of files written below a folder: nothing of it leads out."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.core.errors import InputError, UsageError
from stages.datatypes import Dataset
from tests.unit.folders import read, write


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
