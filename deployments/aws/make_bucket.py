"""Run once for the store of a cluster: `python -m deployments.aws.make_bucket`.

Makes the bucket that STAGEWRIGHT_S3_BUCKET names, where it is missing, and adds the rules of lifecycle.json to its own,
below STAGEWRIGHT_S3_PREFIX. Rules of others stay. Can be run again and again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from flows.connections import outside_store
from flows.settings import read_settings
from stages.core.errors import BucketMissing, StagewrightError, UsageError
from stages.core.objects import ObjectStore
from stages.core.store_address import StoreAddress

_RULES = Path(__file__).with_name("lifecycle.json")
_NOWHERE_TO_NAME = "us-east-1"  # the one region that must not be named when a bucket is made


def make_bucket(address: StoreAddress) -> None:
    """Make the bucket and set its rules. Raises StoreError, and botocore's ClientError where the key may not."""
    store = ObjectStore(address)
    try:
        store.check()
    except BucketMissing:
        region = store.client.meta.region_name
        elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        store.client.create_bucket(Bucket=address.bucket, **(elsewhere if region != _NOWHERE_TO_NAME else {}))
    ours = rules(address.prefix)
    named = {rule["ID"] for rule in ours}
    others = [rule for rule in _rules_of(store) if rule.get("ID") not in named]
    store.client.put_bucket_lifecycle_configuration(
        Bucket=address.bucket, LifecycleConfiguration={"Rules": [*others, *ours]}
    )


def rules(prefix: str) -> list[dict[str, Any]]:
    """The lifecycle rules of a store that lies below a prefix of its bucket."""
    found: list[dict[str, Any]] = json.loads(_RULES.read_text())["Rules"]
    return [
        rule | {"ID": f"{prefix}{rule['ID']}", "Filter": {"Prefix": prefix + rule["Filter"]["Prefix"]}}
        for rule in found
    ]


def _rules_of(store: ObjectStore) -> list[dict[str, Any]]:
    from botocore.exceptions import ClientError

    try:
        return list(store.client.get_bucket_lifecycle_configuration(Bucket=store.address.bucket)["Rules"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchLifecycleConfiguration":
            return []
        raise


def main() -> None:
    """Ends with 1 and a line that says why, where it could not be done."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        address = outside_store(read_settings())
        if address is None:
            raise UsageError("STAGEWRIGHT_S3_BUCKET names no bucket: set it, and the endpoint and keys of its store.")
        make_bucket(address)
    except (StagewrightError, ClientError, BotoCoreError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    print(f"{address.url} is there, with its lifecycle rules.")


if __name__ == "__main__":
    main()
