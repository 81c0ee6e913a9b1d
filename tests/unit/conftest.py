"""What tests of the stage contract stand on."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.core import registry
from stages.core.blobs import BlobStore
from stages.core.discovery import load_stages
from tests.unit.harness import make_blobs
from tests.unit.workshop import Workshop


@pytest.fixture(scope="session", autouse=True)
def _shipped_stages() -> None:
    """Loaded before any test works on a copy of the registry: what is loaded into a copy is forgotten with it."""
    load_stages()


@pytest.fixture
def own_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stages that are registered during a test are forgotten after it."""
    monkeypatch.setattr(registry, "_stages", dict(registry._stages))


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> BlobStore:
    """A blob store in memory, one for all tests of a file."""
    return make_blobs(tmp_path_factory.mktemp("blobs"))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A folder on the path, in which modules can be written."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return Workshop(tmp_path)
