"""An S3 bucket, spoken to through boto3, with the errors of this project instead of botocore's.

Source of the client's settings: measured against SeaweedFS and S3 (timeouts: boto3's own hang for minutes on a dead
server; virtual-host addressing and awscrt fail on loopback names).
"""

from __future__ import annotations

import base64
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from stages.core.errors import BucketMissing, ObjectMissing, StoreDenied, StoreError, StoreUnreachable, UsageError

S3Client = Any  # boto3 makes its clients at run time

_DENIED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "403"}
_LATER = {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "TooManyRequests"}
_LATER |= {"429", "500", "502", "503", "504"}  # the answer to a HEAD is a number


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


@dataclass(frozen=True)
class ObjectHead:
    """What a HEAD tells: size in bytes, ETag, and the sha256 in hex where the store kept one."""

    size: int
    etag: str
    sha256: str | None = None
    modified: datetime | None = None


class ObjectStore:
    """Whole objects by key below one bucket and prefix. Safe to share between threads."""

    def __init__(self, address: StoreAddress) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._client: S3Client = None

    @property
    def client(self) -> S3Client:
        """The boto3 client, made at first use. Raises UsageError where the endpoint or the AWS settings are no good."""
        with self._lock:
            if self._client is None:
                with _usable():
                    self._client = connect(self.address)
            return self._client

    def put(self, key: str, data: bytes, media_type: str = "application/octet-stream") -> None:
        """Write a whole object. The store itself checks the sha256, so that what lies there is what was meant."""
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        with self._named(key):
            self.client.put_object(
                Bucket=self.address.bucket,
                Key=self._key(key),
                Body=data,
                ContentType=media_type,
                ChecksumSHA256=checksum,
            )

    def get(self, key: str, start: int = 0, size: int | None = None) -> bytes:
        """Read an object from `start`, `size` bytes of it or to its end. Raises ObjectMissing."""
        if size == 0:
            return b""  # a range cannot say "nothing"; S3 would send the whole object
        end = "" if size is None else start + size - 1
        span = {"Range": f"bytes={start}-{end}"} if start or size is not None else {}
        with self._named(key):
            answer = self.client.get_object(Bucket=self.address.bucket, Key=self._key(key), **span)
            return bytes(answer["Body"].read())

    def head(self, key: str) -> ObjectHead:
        """Size and digest of an object without reading it. Raises ObjectMissing."""
        with self._named(key):
            head = self.client.head_object(Bucket=self.address.bucket, Key=self._key(key), ChecksumMode="ENABLED")
        kept = head.get("ChecksumSHA256")
        whole = kept is not None and "-" not in kept  # "digest-parts" is a digest of digests
        sha256 = base64.b64decode(kept).hex() if kept and whole else None
        return ObjectHead(head["ContentLength"], head["ETag"].strip('"'), sha256, head["LastModified"])

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        with self._named(key):
            self.client.delete_object(Bucket=self.address.bucket, Key=self._key(key))

    def list(self, under: str, folders: bool = False) -> Iterator[str]:
        """Keys below `under`, sorted; with `folders`, the names one level below it instead."""
        ask: dict[str, Any] = {"Bucket": self.address.bucket, "Prefix": self._key(under)}
        with self._named(under):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(**ask, **({"Delimiter": "/"} if folders else {})):
                found = [p["Prefix"] for p in page.get("CommonPrefixes", [])]
                found += [o["Key"] for o in page.get("Contents", [])] if not folders else []
                yield from (key[len(self.address.prefix) :] for key in found)

    def presigned(self, key: str, seconds: int = 3600, name: str = "") -> str:
        """An address of the object that works in a browser for so long; saved, it is called `name`."""
        ask = {"Bucket": self.address.bucket, "Key": self._key(key)}
        if name:
            ask["ResponseContentDisposition"] = f"inline; filename*=UTF-8''{quote(name, safe='')}"
        with self._named(key):
            return str(self.client.generate_presigned_url("get_object", Params=ask, ExpiresIn=seconds))

    def check(self) -> None:
        """Raise what is wrong with the address, the key or the bucket; say nothing where all is well."""
        with self._named(""):
            self.client.head_bucket(Bucket=self.address.bucket)

    def _key(self, key: str) -> str:
        return self.address.prefix + key

    @contextmanager
    def _named(self, key: str) -> Iterator[None]:
        from boto3.exceptions import Boto3Error
        from botocore import exceptions as boto

        uri = self.address.url + key
        try:
            yield
        except boto.ClientError as error:
            raise self._of_answer(error, key) from error
        except (
            boto.NoCredentialsError,
            boto.PartialCredentialsError,
            boto.CredentialRetrievalError,
            boto.ProfileNotFound,
        ) as error:
            raise StoreDenied(
                f"{uri}: no credentials to sign with ({error}). Set the AWS variables.", uri=uri
            ) from error
        except (boto.ParamValidationError, boto.ValidationError, boto.NoRegionError) as error:
            raise StoreError(f"{uri}: the store cannot be asked for this: {error}", uri=uri) from error
        except (boto.BotoCoreError, Boto3Error, OSError) as error:
            where = self.address.endpoint or "the AWS endpoint"
            raise StoreUnreachable(
                f"The object store at {where} does not answer ({type(error).__name__}: {error}). "
                "Is it running? `stagewright status` shows what can be reached.",
                uri=uri,
            ) from error

    def _of_answer(self, error: Any, key: str) -> StoreError:
        code, uri = str(error.response.get("Error", {}).get("Code", "?")), self.address.url + key
        if code in ("NoSuchKey", "404", "NotFound") and key:
            return ObjectMissing(f"{uri}: there is no such object in the store.", uri=uri)
        if code in ("NoSuchBucket", "404", "NotFound"):
            bucket = self.address.bucket
            return BucketMissing(
                f"The store has no bucket {bucket!r}. Create it, or set STAGEWRIGHT_S3_BUCKET to one that is there.",
                uri=uri,
            )
        if code in _DENIED:
            return StoreDenied(
                f"{uri}: the store refuses this key ({code}). Check the AWS credentials and what they may do.", uri=uri
            )
        if code in _LATER:
            return StoreUnreachable(f"{uri}: the store is not ready ({code}); try again later.", uri=uri)
        return StoreError(f"{uri}: the store answered {code}: {error}", uri=uri)


@contextmanager
def _usable() -> Iterator[None]:
    """Nothing is sent while a client is made: what fails then is wrong here. Missing credentials are told later."""
    from botocore import exceptions as boto

    try:
        yield
    except (boto.PartialCredentialsError, boto.CredentialRetrievalError, boto.ProfileNotFound):
        raise
    except boto.BotoCoreError as error:
        raise UsageError(
            f"The AWS settings of this machine cannot be used ({type(error).__name__}: {error}). "
            "Look at the AWS variables and at ~/.aws/config, or the file that AWS_CONFIG_FILE names."
        ) from error
    except ValueError as error:
        problem = f"The object store cannot be addressed: {error}. An endpoint is http://host:port."
        raise UsageError(problem) from error


def connect(address: StoreAddress) -> S3Client:
    """A boto3 client for the address.

    The session is its own, since boto3's default one keeps the first credentials that it sees. For an address that
    brings its keys (a local store) nothing of the environment counts: no AWS variable, no file, no proxy.
    """
    from boto3.session import Session
    from botocore.config import Config

    options: dict[str, Any] = {
        "signature_version": "s3v4",
        "s3": {"addressing_style": "path"} if address.endpoint else {},
        "max_pool_connections": 16,
        "retries": {"mode": "standard", "total_max_attempts": 6},
        "connect_timeout": 2,
        "read_timeout": 15,
        "tcp_keepalive": True,
        # What is read is held against our own digest; boto3 would tell damage at rest as a broken connection.
        "response_checksum_validation": "when_required",
    }
    if not address.is_local:
        session = Session()
        keys = with_keys(address, session)
        return session.client(
            "s3",
            endpoint_url=address.endpoint,
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            config=Config(**options),
        )
    return Session(botocore_session=_without_environment()).client(
        "s3",
        endpoint_url=address.endpoint,
        aws_access_key_id=address.access_key,
        aws_secret_access_key=address.secret_key,
        region_name="us-east-1",
        verify=True,  # else a bundle that the environment names
        config=Config(proxies={}, **options),
    )


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


def _without_environment() -> Any:
    """A session of botocore in which every variable has its default: no environment, no files of the user."""
    from botocore.configprovider import ConstantProvider
    from botocore.session import Session

    unset = {name: (None, None, *rest) for name, (_, _, *rest) in Session.SESSION_VARIABLES.items()}
    nowhere = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    session = Session(session_vars=unset | nowhere)
    session.get_component("config_store").set_config_provider("s3", ConstantProvider(None))
    return session
