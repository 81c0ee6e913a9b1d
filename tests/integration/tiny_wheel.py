"""A wheel for tests of what a plugin requires."""

from __future__ import annotations

import zipfile
from pathlib import Path


def write_wheel(folder: Path) -> None:
    """A package that is installed nowhere, `tiny-wheel`."""
    folder.mkdir(exist_ok=True)
    about = "tiny_wheel-1.0.dist-info"
    with zipfile.ZipFile(folder / "tiny_wheel-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_wheel/__init__.py", "ANSWER = 42\n")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tiny-wheel\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
