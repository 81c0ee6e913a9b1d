"""Services for a benchmark: those that the environment names, else local ones in a temporary home."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from deployments.local import down, up
from flows.settings import read_settings


@contextmanager
def running() -> Iterator[None]:
    """Services that run, named in the environment so that every way that is measured uses the same ones."""
    settings = read_settings()
    if settings.s3_bucket and settings.prefect_api_url:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="stagewright-bench-") as home:
        os.environ["STAGEWRIGHT_HOME"] = home
        settings = read_settings()
        found = up(settings, print)
        os.environ |= {
            "PREFECT_API_URL": found.prefect_api_url,
            "STAGEWRIGHT_S3_BUCKET": found.store.bucket,
            "AWS_ENDPOINT_URL": found.store.endpoint or "",
            "AWS_ACCESS_KEY_ID": found.store.access_key or "",
            "AWS_SECRET_ACCESS_KEY": found.store.secret_key or "",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        try:
            yield
        finally:
            for name in ("PREFECT_API_URL", "STAGEWRIGHT_S3_BUCKET"):
                del os.environ[name]
            down(settings, print)
