"""What a replica is told: where its model and its action lie. Plain JSON without secrets: Ray's controller keeps it."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flows.settings import Settings
from stages.core.blobs import BlobStore, refs_in
from stages.core.digests import digest_of_json
from stages.core.errors import UsageError
from stages.core.plugin_package import plugin_of
from stages.core.values import StoredValue, encode_value
from stages.datatypes import Model
from stages.datatypes.file_tree import FileTree
from stages.plugins.bases.deployment import Deployment
from stages.plugins.package import package_plugin

_NAMED = ("PREFECT_API_URL", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION")
_STORE = ("STAGEWRIGHT_S3_BUCKET", "STAGEWRIGHT_S3_PREFIX", "STAGEWRIGHT_S3_ENDPOINT")


@dataclass(frozen=True)
class ReplicaPlan:
    """What is served, and where its parts are.

    model        type, value and digest, as it is stored
    action       "module:Class" of the inference action, or empty; in the plugin where there is one
    package      the plugin, as a reference to a blob
    token        sha256 of what who asks must send, in hex; empty: anybody may
    environment  names the store; its keys each machine has by itself
    path         folders in which modules are looked for last
    """

    name: str
    model: Mapping[str, Any]
    action: str = ""
    package: Mapping[str, Any] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    token: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    path: tuple[str, ...] = ()

    @property
    def revision(self) -> str:
        """The same for two that serve the same."""
        return digest_of_json(self.to_json()).removeprefix("sha256:")[:16]

    def to_json(self) -> dict[str, Any]:
        """As it goes to replicas."""
        return {**asdict(self), "path": list(self.path)}


def plan_of(wanted: Deployment, blobs: BlobStore, settings: Settings, elsewhere: bool) -> ReplicaPlan:
    """The plan of a deployment; model and plugin are put into the store, if they are not there. `elsewhere`: replicas
    may be on other machines."""
    stored = _stored(wanted.model, blobs)
    action, package = _action(wanted, blobs)
    names = (*_STORE, *_NAMED)
    environment = {name: os.environ[name] for name in names if name in os.environ}
    return ReplicaPlan(
        name=wanted.name,
        model=asdict(stored),
        action=action,
        package=package,
        params=dict(wanted.params),
        token=hashlib.sha256(wanted.token.encode()).hexdigest() if wanted.token else "",
        environment=environment if elsewhere else environment | {"STAGEWRIGHT_HOME": str(settings.home)},
        path=() if elsewhere else tuple(folder for folder in sys.path if folder),
    )


def _stored(model: Model, blobs: BlobStore) -> StoredValue:
    """The model in this store; it may lie in another one, such as the memory of a process."""
    stored = encode_value(model.kept(blobs), type(model), blobs)
    if all(map(blobs.is_whole, refs_in(stored.value))):
        return stored
    with TemporaryDirectory() as folder:
        copied = FileTree.from_folder(model.tree.unpack(folder)).kept(blobs)
        return encode_value(replace(model, tree=copied), type(model), blobs)


def _action(wanted: Deployment, blobs: BlobStore) -> tuple[str, Mapping[str, Any] | None]:
    cls = wanted.serves
    if cls is None:
        return "", None
    if "<locals>" in cls.__qualname__ or cls.__module__ == "__main__":
        problem = f"{cls.__module__}.{cls.__qualname__} cannot be found by others"
        raise UsageError(f"{problem}; define it at the top of a module of the plugin.")
    if plugin_of(cls.__module__) is None:
        return f"{cls.__module__}:{cls.__qualname__}", None
    package, _, module = cls.__module__.partition(".")
    [folder] = sys.modules[package].__path__
    return f"{module}:{cls.__qualname__}", blobs.put(package_plugin(Path(folder)).data, "application/zip")
