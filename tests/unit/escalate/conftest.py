"""A vision endpoint that runs, and a blob store for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.brands import vision_endpoint
from stages.core.blobs import BlobStore
from tests.unit.harness import make_blobs
from tests.vision_server import VisionServer, vision_server


@pytest.fixture
def server() -> Iterator[VisionServer]:
    with vision_server() as running:
        yield running


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return make_blobs(tmp_path)


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision_endpoint, "FIRST_WAIT_S", 0.01)
