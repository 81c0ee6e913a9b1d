"""The peer: the eight stages as plain Prefect tasks on prefect-ray's own runner, results in the same bucket.

    python -m bench.ray_prefect SEED

As in bench/overhead_prefect.py; the storage block brings its keys along, since Ray's workers have not our environment.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from prefect import flow, task
from prefect.cache_policies import INPUTS
from prefect_ray import RayTaskRunner
from pydantic import PrivateAttr, SecretStr

from bench.overhead_prefect import PlainS3
from bench.overhead_work import COUNT, payload, table

_NAMES = ("STAGEWRIGHT_S3_BUCKET", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


class S3WithKeys(PlainS3):
    """The bucket, wherever this is loaded."""

    _block_type_slug = "bench-s3-with-keys"
    _block_type_name = "Bench S3 with keys"

    environment: dict[str, SecretStr]

    _client: Any = PrivateAttr(None)

    @property
    def _s3(self) -> Any:
        import boto3
        from botocore.config import Config

        if self._client is None:
            os.environ |= {name: value.get_secret_value() for name, value in self.environment.items()}
            self._client = boto3.client("s3", region_name="us-east-1", config=Config(s3={"addressing_style": "path"}))
        return self._client


def _stage(number: int, storage: S3WithKeys) -> Any:
    @task(name=f"stage-{number}", persist_result=True, cache_policy=INPUTS, result_storage=storage)
    def run(seed: int, before: dict[str, Any] | None) -> dict[str, Any]:
        data = payload(number, seed, before["bytes"] if before else b"")
        return {"bytes": data, "table": table(number, seed)}

    return run


@flow(
    name="ray-peer",
    persist_result=False,
    task_runner=RayTaskRunner(address=os.environ["RAY_ADDRESS"], init_kwargs={"log_to_driver": False}),
)
def line(seed: int) -> None:
    """The line."""
    storage = S3WithKeys.load("bench", _sync=True)
    before = None
    for number in range(COUNT):
        before = _stage(number, storage).submit(seed, before)
    before.wait()
    before.result()


if __name__ == "__main__":
    if sys.argv[1] == "setup":
        keys = {name: SecretStr(os.environ[name]) for name in _NAMES if os.environ.get(name)}
        S3WithKeys(environment=keys).save("bench", overwrite=True, _sync=True)
    else:
        line(int(sys.argv[1]))
