"""A text in a file that others wrote: bounded, never a device, and UTF-8."""

from __future__ import annotations

from pathlib import Path

from stages.documents.faults import Fault

MAX_BYTES = 1_000_000


def is_file(path: Path) -> bool:
    """Whether a file is there; no error where the path itself is impossible or not ours to see."""
    try:
        return path.is_file()
    except OSError:
        return False


def read_file(path: Path, word: str) -> tuple[str | None, Fault | None]:
    """The text of a file, or why there is none; `word` is what the file should hold."""
    file = str(path)
    try:
        if not path.is_file():  # a device or a pipe might never end
            what = "is a folder; name a file in it" if path.is_dir() else "there is no such file"
            return None, Fault(what, file=file)
        with path.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        return None, Fault(f"cannot be read: {error.strerror}", file=file)
    if len(data) > MAX_BYTES:
        return None, Fault(f"is larger than {MAX_BYTES:,} bytes, which no {word} needs", file=file, line=1)
    return _decoded(data, file)


def _decoded(data: bytes, file: str) -> tuple[str | None, Fault | None]:
    if (at := data.find(b"\0")) >= 0:
        return None, Fault("is not a text file; it has zero bytes", file=file, line=data.count(b"\n", 0, at) + 1)
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, Fault(f"is not UTF-8 text (byte 0x{data[error.start]:02x})", file=file, line=line)
