"""Real services for the tests in this folder, started once a session in a home of their own.

The environment is set when this file is imported, before any test module is: Prefect reads its settings when it is
imported, and nothing that the person at this machine has set may reach the tests.
"""

from __future__ import annotations

import atexit
import dataclasses
import json
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.local import down, up
from deployments.local.lifecycle import start
from flows.connections import Connections
from flows.settings import read_settings
from stages.core.objects import ObjectStore
from stages.core.store_address import StoreAddress
from tests.integration.driving import Toys

_environment = pytest.MonkeyPatch()
_home = Path(tempfile.mkdtemp(prefix="stagewright-tests-"))  # short: sockets below it have short paths only
atexit.register(shutil.rmtree, _home, ignore_errors=True)

for _name in [name for name in os.environ if name.startswith(("AWS_", "OPENAI_", "PREFECT_", "STAGEWRIGHT_"))]:
    _environment.delenv(_name)
_environment.setenv("STAGEWRIGHT_HOME", str(_home))
_environment.setenv("PREFECT_HOME", str(_home / "prefect-client"))
_environment.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
_environment.setenv("DO_NOT_TRACK", "1")


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """The session's $STAGEWRIGHT_HOME, already set."""
    yield _home
    _environment.undo()
    shutil.rmtree(_home, ignore_errors=True)


@pytest.fixture(scope="session")
def services(home: Path) -> Iterator[Connections]:
    """A running store and Prefect server; PREFECT_API_URL points at the latter."""
    settings = read_settings()
    found = up(settings, lambda line: None)
    _environment.setenv("PREFECT_API_URL", found.prefect_api_url)
    if "prefect" in sys.modules:  # imported by a test module before there was an address to read
        from prefect.context import refresh_global_settings_context

        refresh_global_settings_context()
    yield found
    if "prefect" in sys.modules:  # what still waits to be told must not find the server gone: it would try for a minute
        from prefect.events.worker import EventsWorker
        from prefect.logging.handlers import APILogWorker

        APILogWorker.drain_all(timeout=10)
        EventsWorker.drain_all(timeout=10)
    down(settings, lambda line: None)


@pytest.fixture(scope="session")
def ray_record(services: Connections) -> dict[str, Any]:
    """A Ray that runs on this machine; what `services.json` says of it."""
    settings = read_settings()
    start(settings, lambda line: None, ("ray",))
    kept = json.loads((settings.home / "services.json").read_text())
    return {"processes": {"ray": kept["processes"]["ray"]}, "ray": kept["ray"]}


@pytest.fixture
def store(services: Connections) -> ObjectStore:
    """The running store, below a prefix that no other test uses."""
    return ObjectStore(dataclasses.replace(services.store, prefix=f"test-{uuid.uuid4().hex}/"))


@pytest.fixture
def toys(tmp_path: Path, store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Toys:
    """Toy stages on the running services, below a prefix of the bucket that no other test uses."""
    found = toys_in(tmp_path, store.address)
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    return found


def toys_in(folder: Path, address: StoreAddress) -> Toys:
    """Toy stages that are run from a folder; its environment is set for nobody yet."""
    assert address.endpoint
    assert address.access_key
    assert address.secret_key
    environment = {
        "STAGEWRIGHT_HOME": str(folder / "home"),
        "STAGEWRIGHT_S3_BUCKET": address.bucket,
        "STAGEWRIGHT_S3_PREFIX": address.prefix,
        "AWS_ENDPOINT_URL": address.endpoint,
        "AWS_ACCESS_KEY_ID": address.access_key,
        "AWS_SECRET_ACCESS_KEY": address.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "STAGEWRIGHT_STAGE_MODULES": "tests.integration.toy_stages,tests.integration.ray_toys",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "TOY_LOG": str(folder / "ran.log"),
    }
    return Toys(folder, environment)


@pytest.fixture
def on_ray(toys: Toys, ray_record: dict[str, Any]) -> Toys:
    """Toy stages that can run on the session's Ray: their home knows of it."""
    home = Path(toys.environment["STAGEWRIGHT_HOME"])
    home.mkdir(exist_ok=True)
    (home / "services.json").write_text(json.dumps(ray_record))
    return toys
