"""Where the object store is, and with which keys it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class StoreAddress:
    """Where the store is. Without `endpoint` and keys, boto3 finds them the usual AWS ways.

    lookup   of an outside store: gives its keys where the AWS ways give none, or None where it has none either
    """

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    lookup: Callable[[], tuple[str, str] | None] | None = field(default=None, repr=False, compare=False)

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def is_local(self) -> bool:
        """Whether it brings its keys and nothing of the environment counts."""
        return self.access_key is not None and self.lookup is None


def with_keys(address: StoreAddress, session: Any = None) -> StoreAddress:
    """The address with the keys that were looked up, where neither it nor the AWS ways have any. Raises what the
    look-up raises. `session` is boto3's."""
    from boto3.session import Session

    if address.lookup is None or (address.access_key and address.secret_key):
        return address
    half = address.access_key or address.secret_key
    if not half and (session or Session()).get_credentials() is not None:
        return address
    access_key, secret_key = address.lookup() or (None, None)
    return replace(address, access_key=access_key, secret_key=secret_key)
