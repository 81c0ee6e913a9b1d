"""Packages as an installer leaves them: their files, and beside these what Python's metadata says of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stages.plugins import installed


def write_metadata(place: Path, package: str, entry_points: str) -> None:
    """What lies in the folder `place` beside a package; `entry_points` is the text of entry_points.txt."""
    about = place / f"{package}-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(entry_points)


@contextmanager
def on_the_path(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Python looks for packages in that folder, too, here and in processes that are started here. What is installed is
    asked once a process; here it is asked anew, and again after this."""
    monkeypatch.syspath_prepend(str(place))
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(place), before])))
    installed._entry_points.cache_clear()
    yield
    installed._entry_points.cache_clear()
