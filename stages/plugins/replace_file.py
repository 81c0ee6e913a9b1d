"""A file replaced at once: whoever reads it sees the old text or the new one, never a part."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from stages.core.errors import PluginError

_BOM = b"\xef\xbb\xbf"


def replace_file(file: Path, text: str) -> None:
    """Write a text in place of a file's, with its rights and its byte order mark, or into a new file.

    Raises PluginError where that cannot be, or where a link would lead the writing out of the file's folder.
    """
    real = Path(os.path.realpath(file))
    if not real.is_relative_to(os.path.realpath(file.parent)):
        raise PluginError(f"{file} is a link that leads out of its folder (to {real}); it is not written.")
    try:
        _replace(real, text)
    except OSError as error:
        raise PluginError(f"{file} cannot be written: {error.strerror}.") from error


def _replace(file: Path, text: str) -> None:
    mark = _BOM if file.exists() and file.read_bytes().startswith(_BOM) else b""
    mode = file.stat().st_mode & 0o7777 if file.exists() else 0o644
    number, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(number, "wb") as opened:
            opened.write(mark + text.encode())
            opened.flush()
            os.fsync(opened.fileno())
        os.chmod(name, mode)
        os.replace(name, file)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
