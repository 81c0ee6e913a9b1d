"""Inputs that lie on S3: what they are by a HEAD, and a file-like view of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, Any, cast
from urllib.parse import urlsplit

from stages.core.errors import BucketMissing, InputError, ObjectMissing, StoreDenied, StoreUnreachable
from stages.core.objects import ObjectHead, ObjectStore
from stages.core.store_address import StoreAddress, with_keys

BLOCK_BYTES = 4 << 20
"""How much one request reads ahead: decoding is sequential, and a request costs milliseconds whatever its size."""

_own: StoreAddress | None = None


def use_store(address: StoreAddress | None) -> None:
    """Say where the product's own bucket is: inputs in it are read with its endpoint and key. One for the process."""
    global _own
    _own = address


def s3_options(bucket: str) -> StoreAddress:
    """How to reach a bucket: as the product's own where it is that one, else the usual AWS ways."""
    if _own is not None and _own.bucket == bucket:
        return replace(_own, prefix="")
    return StoreAddress(bucket)


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`. Raises InputError."""
    parts = urlsplit(uri, allow_fragments=False)
    key = parts.path.lstrip("/") + (f"?{parts.query}" if parts.query else "")
    if not parts.netloc or not key or key.endswith("/"):
        raise InputError(f"{uri} names no object. Give it as s3://bucket/path/to/video.mp4.", uri=uri)
    return parts.netloc, key


def head(uri: str) -> ObjectHead:
    """Size and digest of the object. Raises InputError where there is none that this key may read."""
    bucket, key = split(uri)
    try:
        return ObjectStore(s3_options(bucket)).head(key)
    except (ObjectMissing, BucketMissing) as error:
        raise InputError(f"{uri} is not there. Check the bucket and the key.", uri=uri) from error
    except StoreDenied as error:
        raise InputError(f"{uri} may not be read with these AWS credentials ({error}).", uri=uri) from error


def open_object(uri: str) -> IO[bytes]:
    """A seekable view of the object that reads ahead in blocks; it refuses to go on when the object changes."""
    import s3fs

    bucket, key = split(uri)
    with _named(uri):
        file = _filesystem(s3fs, s3_options(bucket)).open(f"{bucket}/{key}", "rb")
    return cast(IO[bytes], ObjectFile(file, uri))


class ObjectFile:
    """What s3fs opened, with this project's errors; the part of a file that demuxers use."""

    def __init__(self, file: Any, uri: str) -> None:
        self._file, self.name = file, uri

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes."""
        with _named(self.name):
            return bytes(self._file.read(size))

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go somewhere; where that is, from the beginning."""
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        """Where it is, bytes from the beginning."""
        return int(self._file.tell())

    def close(self) -> None:
        """Let go of it."""
        self._file.close()

    def __enter__(self) -> ObjectFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _named(uri: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError
    from fsspec.asyn import FSTimeoutError
    from s3fs.utils import FileExpired

    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{uri} is not there any more. Put it back, or name another.", uri=uri) from error
    except PermissionError as error:
        raise InputError(f"{uri} may not be read with these AWS credentials ({error}).", uri=uri) from error
    except FileExpired as error:
        raise InputError(f"{uri} changed while it was read. Run again.", uri=uri) from error
    except (BotoCoreError, FSTimeoutError, OSError) as error:
        raise StoreUnreachable(f"{uri} cannot be read now ({type(error).__name__}: {error}).", uri=uri) from error


def _filesystem(s3fs: Any, address: StoreAddress) -> Any:
    address = with_keys(address)
    return s3fs.S3FileSystem(
        key=address.access_key,
        secret=address.secret_key,
        endpoint_url=address.endpoint,
        client_kwargs={"region_name": "us-east-1"} if address.is_local else {},
        config_kwargs={
            "s3": {"addressing_style": "path"} if address.endpoint else {},
            "connect_timeout": 2,
            "read_timeout": 15,
        },
        default_block_size=BLOCK_BYTES,
        default_cache_type="readahead",
        skip_instance_cache=True,  # a listing kept from an earlier run would show an object as it was then
    )
