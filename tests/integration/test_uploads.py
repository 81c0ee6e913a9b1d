"""Uploads to a real store: by its own address, and as a job's files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.connections import Connections
from flows.executors import RayJobExecutor
from stages.core.blobs import BlobStore, using
from stages.core.cache import BlobCache
from stages.core.errors import JobStopped, StoreError
from stages.core.objects import ObjectStore
from stages.datatypes import s3_input
from stages.plugins import UploadContext
from stages.plugins.bases import upload_to_store
from tests.integration.driving import Toys
from tests.integration.waiting import until
from tests.unit.harness import make_context
from tests.unit.plugin_folders import PluginFolders


@pytest.fixture
def address(services: Connections, store: ObjectStore) -> Iterator[str]:
    """A prefix of the product's own bucket, as an address."""
    before = s3_input._own
    s3_input.use_store(services.store)
    yield store.address.url.rstrip("/")
    s3_input.use_store(before)


def test_files_small_and_in_parts_are_there_verified_and_gone_again(
    tmp_path: Path, address: str, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_to_store, "LARGE_BYTES", 9 << 20)
    (tmp_path / "small.txt").write_bytes(b"small")
    (tmp_path / "large.bin").write_bytes(large := os.urandom(10 << 20))
    context = UploadContext(make_context(), destination=address)
    context.upload(tmp_path / "small.txt", "in/small.txt")
    assert context.upload(tmp_path / "large.bin").uri == f"{address}/large.bin"
    assert store.get("in/small.txt") == b"small"
    assert store.get("large.bin") == large
    again = UploadContext(make_context(), destination=f"{address}/")
    assert again.upload(tmp_path / "large.bin").was_there
    again.undo_uploads()
    assert sorted(store.list("")) == ["in/small.txt", "large.bin"]
    context.undo_uploads()
    assert list(store.list("")) == []


def test_without_a_destination_files_go_to_the_jobs_folder(tmp_path: Path, store: ObjectStore) -> None:
    (tmp_path / "a.txt").write_bytes(b"a")
    with using(BlobStore(store, BlobCache(tmp_path / "cache", 1 << 20))):
        UploadContext(make_context()).upload(tmp_path / "a.txt")
    assert list(store.list("")) == ["jobs/test-job/uploads/a.txt"]


def test_a_bucket_that_is_not_there_is_told(tmp_path: Path, services: Connections) -> None:
    (tmp_path / "a.txt").write_bytes(b"a")
    with pytest.raises(StoreError):
        UploadContext(make_context(), destination=f"s3://{services.store.bucket}-gone/x").upload(tmp_path / "a.txt")


SEND = """
    import time
    from pathlib import Path
    from pydantic import BaseModel
    from stages.plugins import BaseUploadAction

    class SendParams(BaseModel):
        destination: str

    class SendAction(BaseUploadAction[SendParams]):
        def execute(self):
            self.context.upload(Path(__file__), "sent.py")
            while True:
                try:
                    time.sleep(600)
                except Exception:
                    pass
"""


def test_of_a_ray_job_that_is_stopped_nothing_stays(on_ray: Toys, address: str, store: ObjectStore) -> None:
    config = "actions:\n  send: {entrypoint: 'send:SendAction'}\n"
    jobs = RayJobExecutor(working_dir=PluginFolders(on_ray.folder).write("sending", {"send.py": SEND}, config))
    job = jobs.submit("send", {"destination": address})
    until(lambda: list(store.list("")) == ["sent.py"])
    assert jobs.stop(job)
    with pytest.raises(JobStopped, match=f"Job '{job}' was stopped"):
        jobs.wait(job, 60)
    assert jobs.get_status(job) == "STOPPED"
    assert list(store.list("")) == []
