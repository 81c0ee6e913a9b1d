"""What S3 answers and botocore raises, as the errors of this project."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stages.core.errors import BucketMissing, ObjectMissing, StoreDenied, StoreError, StoreUnreachable, UsageError
from stages.core.store_address import StoreAddress

_DENIED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "403"}
_LATER = {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "TooManyRequests"}
_LATER |= {"429", "500", "502", "503", "504"}  # the answer to a HEAD is a number


@contextmanager
def store_errors(address: StoreAddress, key: str) -> Iterator[None]:
    """Whatever goes wrong while an object is asked for, with its address."""
    from boto3.exceptions import Boto3Error
    from botocore import exceptions as boto

    uri = address.url + key
    try:
        yield
    except boto.ClientError as error:
        raise _of_answer(error, address, key) from error
    except (
        boto.NoCredentialsError,
        boto.PartialCredentialsError,
        boto.CredentialRetrievalError,
        boto.ProfileNotFound,
    ) as error:
        raise StoreDenied(f"{uri}: no credentials to sign with ({error}). Set the AWS variables.", uri=uri) from error
    except (boto.ParamValidationError, boto.ValidationError, boto.NoRegionError) as error:
        raise StoreError(f"{uri}: the store cannot be asked for this: {error}", uri=uri) from error
    except (boto.BotoCoreError, Boto3Error, OSError) as error:
        where = address.endpoint or "the AWS endpoint"
        raise StoreUnreachable(
            f"The object store at {where} does not answer ({type(error).__name__}: {error}). "
            "Is it running? `stagewright status` shows what can be reached.",
            uri=uri,
        ) from error


def _of_answer(error: Any, address: StoreAddress, key: str) -> StoreError:
    code, uri = str(error.response.get("Error", {}).get("Code", "?")), address.url + key
    if code in ("NoSuchKey", "404", "NotFound") and key:
        return ObjectMissing(f"{uri}: there is no such object in the store.", uri=uri)
    if code in ("NoSuchBucket", "404", "NotFound"):
        bucket = address.bucket
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
def setting_errors() -> Iterator[None]:
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
