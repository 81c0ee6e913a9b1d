"""The peer: the eight stages as plain Prefect tasks with Prefect's default serialiser, results in the same bucket.

    python -m bench.overhead_prefect SEED SEED_OF_THE_CHANGED_STAGE

The storage block speaks boto3, which is the fastest of what one would use here.
"""

from __future__ import annotations

import os
import sys
from functools import cached_property
from typing import Any

from prefect import flow, task
from prefect.cache_policies import INPUTS
from prefect.filesystems import WritableFileSystem

from bench.overhead_work import CHANGED, COUNT, payload, table


class PlainS3(WritableFileSystem):
    """A bucket by boto3."""

    _block_type_slug = "bench-plain-s3"
    _block_type_name = "Bench plain S3"

    @cached_property
    def _s3(self) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client("s3", config=Config(s3={"addressing_style": "path"}))

    def _resolve_path(self, path: str) -> None:
        """Keys are paths as they are."""

    def read_path(self, path: str, _sync: bool = True) -> bytes:
        """A whole object."""
        return self._s3.get_object(Bucket=os.environ["STAGEWRIGHT_S3_BUCKET"], Key="peer/" + path)["Body"].read()

    def write_path(self, path: str, content: bytes, _sync: bool = True) -> None:
        """A whole object."""
        self._s3.put_object(Bucket=os.environ["STAGEWRIGHT_S3_BUCKET"], Key="peer/" + path, Body=content)


def _stage(number: int) -> Any:
    @task(name=f"stage-{number}", persist_result=True, cache_policy=INPUTS, result_storage="bench-plain-s3/bench")
    def run(seed: int, before: dict[str, Any] | None) -> dict[str, Any]:
        data = payload(number, seed, before["bytes"] if before else b"")
        return {"bytes": data, "table": table(number, seed)}

    return run


@flow(name="overhead-peer", persist_result=False)
def line(seed: int, changed: int) -> None:
    """The line."""
    before = None
    for number in range(COUNT):
        before = _stage(number)(changed if number == CHANGED else seed, before)


if __name__ == "__main__":
    if sys.argv[1] == "setup":
        PlainS3().save("bench", overwrite=True, _sync=True)
    else:
        line(int(sys.argv[1]), int(sys.argv[2]))
