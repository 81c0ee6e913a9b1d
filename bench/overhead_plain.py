"""The floor: the eight stages as a script that keeps its results in S3 with boto3, by hand.

python -m bench.overhead_plain SEED SEED_OF_THE_CHANGED_STAGE
"""

from __future__ import annotations

import hashlib
import json
import os
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from bench.overhead_work import CHANGED, COUNT, payload, table


def main(seed: int, changed: int) -> None:
    """Run the line; a stage whose result is there is not run again."""
    s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
    bucket, key, before = os.environ["STAGEWRIGHT_S3_BUCKET"], "", b""
    for stage in range(COUNT):
        own, last = changed if stage == CHANGED else seed, key
        key = "plain/" + hashlib.sha256(f"{stage}/{own}/{last}".encode()).hexdigest()
        try:
            s3.head_object(Bucket=bucket, Key=key + ".json")
            before = b""
            continue
        except ClientError:
            if last and not before:
                before = s3.get_object(Bucket=bucket, Key=last + ".bin")["Body"].read()
        before = payload(stage, own, before)
        s3.put_object(Bucket=bucket, Key=key + ".bin", Body=before)
        s3.put_object(Bucket=bucket, Key=key + ".json", Body=json.dumps(table(stage, own)).encode())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
