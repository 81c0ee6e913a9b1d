"""Where profiles lie: the shipped ones beside this module, and folders of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from stages.documents.text_file import is_file, read_file
from stages.documents.yaml_lines import read_yaml

SHIPPED = Path(__file__).parent / "shipped"
SUFFIXES = (".yaml", ".yml")


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
    text, _ = read_file(path, "profile")
    document = read_yaml(text, "")[0] if text is not None else None
    part = document.value.get("name") if document and isinstance(document.value, dict) else None
    return part.value if part and isinstance(part.value, str) else path.stem


def is_path(text: str) -> bool:
    """Whether a text means a file rather than a name."""
    return "/" in text or "\\" in text or text.endswith(SUFFIXES)
