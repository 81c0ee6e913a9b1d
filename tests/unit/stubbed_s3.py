"""An S3 client whose answers a test writes down beforehand; no network. Tests import the fixtures `s3` and `store`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from stages.core import objects
from stages.core.objects import ObjectStore
from stages.core.store_address import StoreAddress
from stages.core.store_client import connect

ADDRESS = StoreAddress("clips", "team/", "http://127.0.0.1:9", "key", "secret")


@pytest.fixture(scope="module")
def client() -> Any:
    """Dear to make, and the same for all."""
    return connect(ADDRESS)


@pytest.fixture
def s3(client: Any) -> Iterator[Stubber]:
    """Every answer that is written down must have been asked for."""
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def store(s3: Stubber, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """A store that speaks through it."""
    monkeypatch.setattr(objects, "connect", lambda address: s3.client)
    return ObjectStore(ADDRESS)
