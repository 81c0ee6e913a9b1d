"""Where profiles lie: the shipped ones beside this module, and folders of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from flows.profiles.faults import Fault
from flows.profiles.yaml_lines import read_yaml

SHIPPED = Path(__file__).parent / "shipped"
SUFFIXES = (".yaml", ".yml")
MAX_BYTES = 1_000_000


def profile_files(folders: Sequence[Path]) -> Iterator[Path]:
    """Every file that is a profile by its suffix: those of one's own folders first, then the shipped ones."""
    for folder in (*folders, SHIPPED):
        if folder.is_dir():
            found = (path for path in folder.iterdir() if path.suffix in SUFFIXES and is_file(path))
            yield from sorted(found, key=lambda path: path.name)


def find_profile(name: str, folders: Sequence[Path], but: Path | None = None) -> Path | None:
    """The file of the profile of that name, `but` left out: one that is called so, else one whose `name:` says so."""
    files = [path for path in profile_files(folders) if path.resolve() != but]
    called = (path for path in files if path.stem == name)
    return next(called, None) or next((path for path in files if declared_name(path) == name), None)


def known_names(folders: Sequence[Path]) -> list[str]:
    """The names by which profiles can be found, each once."""
    return sorted({declared_name(path) for path in profile_files(folders)})


def declared_name(path: Path) -> str:
    """The `name:` in a file; the name of the file where it says none or cannot be read."""
    text, _ = read_file(path)
    document = read_yaml(text, "")[0] if text is not None else None
    part = document.value.get("name") if document and isinstance(document.value, dict) else None
    return part.value if part and isinstance(part.value, str) else path.stem


def is_path(text: str) -> bool:
    """Whether a text means a file rather than a name."""
    return "/" in text or "\\" in text or text.endswith(SUFFIXES)


def is_file(path: Path) -> bool:
    """Whether a file is there; no error where the path itself is impossible or not ours to see."""
    try:
        return path.is_file()
    except OSError:
        return False


def read_file(path: Path) -> tuple[str | None, Fault | None]:
    """The text of a file, or why there is none."""
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
        return None, Fault(f"is larger than {MAX_BYTES:,} bytes, which no profile needs", file=file, line=1)
    return _decoded(data, file)


def _decoded(data: bytes, file: str) -> tuple[str | None, Fault | None]:
    if (at := data.find(b"\0")) >= 0:
        return None, Fault("is not a text file; it has zero bytes", file=file, line=data.count(b"\n", 0, at) + 1)
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, Fault(f"is not UTF-8 text (byte 0x{data[error.start]:02x})", file=file, line=line)
