"""What is written where a file or folder is asked for: a path, file:// or s3://."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from stages.core.errors import InputError


def is_on_s3(address: str) -> bool:
    """Whether the address is one of S3. Raises InputError for what is neither that nor on this machine."""
    scheme = urlsplit(address).scheme
    if scheme in ("http", "https", "ftp", "gs"):
        raise InputError(f"{address}: {scheme}:// is not read. Download it, or put it on S3.", uri=address)
    return scheme == "s3"


def local_path(address: str) -> Path:
    """The absolute path of a file:// address or a path. Raises InputError."""
    parts = urlsplit(address)
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost"):
            raise InputError(f"{address} names the host {parts.netloc!r}. Write file:///path.", uri=address)
        return Path(unquote(parts.path))
    return Path(os.path.abspath(os.path.expanduser(address)))
